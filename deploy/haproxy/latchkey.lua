-- Asks Latchkey about a request, for haproxy.cfg: http-request lua.latchkey ADDRESS PATH
--
-- It sets the variable txn.latchkey_status to Latchkey's answer, and the other variables
-- below. Without an answer the status is 503. Only 200 lets a request pass.

local answers = {
    ["latchkey-subject"]     = "txn.latchkey_subject",
    ["latchkey-token-id"]    = "txn.latchkey_token_id",
    ["latchkey-token-kind"]  = "txn.latchkey_token_kind",
    ["latchkey-workspace"]   = "txn.latchkey_workspace",
    ["latchkey-permissions"] = "txn.latchkey_permissions",
    ["latchkey-reason"]      = "txn.latchkey_reason",
    ["www-authenticate"]     = "txn.latchkey_challenge",
}

-- list returns the values of a header, which HAProxy counts from 0.
local function list(values)
    local out = {}
    if values then
        for i = 0, #values do
            if values[i] then table.insert(out, values[i]) end
        end
    end
    return out
end

core.register_action("latchkey", { "http-req" }, function(txn, address, path)
    txn:set_var("txn.latchkey_status", 503)
    for _, variable in pairs(answers) do
        txn:set_var(variable, "")
    end
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-for"] = { txn.sf:src() },
        ["user-agent"] = { list(sent["user-agent"])[1] or "" }, -- else HAProxy names itself
    }
    local credentials = list(sent["authorization"])
    if #credentials > 0 then
        headers["authorization"] = credentials
    end
    local response = core.httpclient():get {
        url = "http://127.0.0.1" .. path, dst = address, headers = headers, timeout = 2000,
    }
    if not response or not response.status then
        return
    end
    for name, variable in pairs(answers) do
        txn:set_var(variable, list(response.headers and response.headers[name])[1] or "")
    end
    txn:set_var("txn.latchkey_status", response.status)
end, 2)
