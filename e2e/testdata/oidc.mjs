// An OpenID Connect provider, npm's oidc-provider, for journeys.
// node oidc.mjs FOLDER PORT; it prints its port. Its site is localhost, so it is another one than 127.0.0.1.
// PUT /test/client sets the client, PUT /test/account adds or changes an account. The name at its sign-in form is the
// account's sub; any password does.
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const entry = path.join(process.argv[2], "node_modules", "oidc-provider", "lib", "index.js");
const { Provider } = await import(pathToFileURL(entry));

const accounts = new Map();
let handle;

function make(issuer, client) {
	const provider = new Provider(issuer, {
		clients: client ? [client] : [],
		claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name", "groups"] },
		scopes: ["openid", "email", "profile"],
		features: {
			devInteractions: { enabled: true },
			backchannelLogout: { enabled: true },
			rpInitiatedLogout: { enabled: true },
			userinfo: { enabled: true },
		},
		// Its own protection refuses loopback addresses, where Latchkey is in a test.
		fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
		cookies: { keys: ["a key of a test"] },
		ttl: { Session: 3600, Grant: 3600, Interaction: 600, IdToken: 300, AccessToken: 300 },
		async findAccount(_, id) {
			return { accountId: id, claims: () => ({ sub: id, ...(accounts.get(id) ?? {}) }) };
		},
		async loadExistingGrant(ctx) {
			const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
			grant.addOIDCScope("openid email profile");
			await grant.save();
			return grant;
		},
	});
	return provider.callback();
}

function read(request) {
	return new Promise((resolve) => {
		let text = "";
		request.setEncoding("utf8");
		request.on("data", (chunk) => (text += chunk));
		request.on("end", () => resolve(text));
	});
}

const server = http.createServer(async (request, response) => {
	const issuer = `http://localhost:${server.address().port}`;
	if (request.url === "/test/client") {
		handle = make(issuer, JSON.parse(await read(request)));
		return response.end();
	}
	if (request.url === "/test/account") {
		const { sub, ...claims } = JSON.parse(await read(request));
		accounts.set(sub, claims);
		return response.end();
	}
	return handle(request, response);
});

server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => {
	handle = make(`http://localhost:${server.address().port}`);
	console.log(server.address().port);
});
