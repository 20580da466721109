// A receiver of webhooks that checks them with the library of the Standard Webhooks specification.
// node webhook.cjs NODE_MODULES; it prints its port. PUT /secret sets the secret, GET /seen lists what was
// received, POST /hook receives, POST /fails answers 503, POST /endless never stops answering.
const { Webhook } = require(require("path").join(process.argv[2], "standardwebhooks"));
const http = require("http");

let secret = "";
const seen = [];

function read(request) {
	return new Promise((resolve) => {
		let text = "";
		request.setEncoding("utf8");
		request.on("data", (chunk) => (text += chunk));
		request.on("end", () => resolve(text));
	});
}

const server = http.createServer(async (request, response) => {
	const body = await read(request);
	if (request.url === "/secret") {
		secret = body;
		return response.end();
	}
	if (request.url === "/seen") return response.end(JSON.stringify(seen));
	const entry = { path: request.url, id: request.headers["webhook-id"], signatures: request.headers["webhook-signature"], verified: false };
	try {
		entry.type = new Webhook(secret).verify(body, request.headers).type;
		entry.verified = true;
		entry.body = body;
	} catch (e) {
		entry.problem = String(e);
	}
	seen.push(entry);
	if (request.url === "/endless") {
		const more = () => response.write("x".repeat(65536)) ? setImmediate(more) : response.once("drain", more);
		response.on("error", () => {});
		return more();
	}
	response.statusCode = request.url === "/fails" ? 503 : entry.verified ? 200 : 400;
	response.end(entry.verified ? "thank you <b>" : "not for me");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
