// oidc-provider (npm), which is certified for OpenID Connect, as somebody's provider: one client, people by their login.
// node oidc_provider.mjs FOLDER PORT REDIRECT_URI PEOPLE; FOLDER: where oidc-provider is installed.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, port, redirectUri, people] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));
const known = JSON.parse(people);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "curator",
      client_secret: "a secret of thirty-two letters ++",
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [new URL("/login", redirectUri).href],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub", "groups"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  findAccount: (_, id) => known[id] && { accountId: id, claims: () => ({ sub: id, ...known[id] }) },
  cookies: { keys: ["of the tests"] },
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log("ready"));
