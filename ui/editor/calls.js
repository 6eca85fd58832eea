// Calls of the server's functions: an answer, or a CallError that names its kind (see server.py; plus "network").

export class CallError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export async function call(server, name, request) {
  let answer;
  try {
    answer = await server[name](request);
  } catch {
    answer = undefined;
  }
  // the framework answers undefined where the request failed on its way, or the server broke down over it
  if (answer === undefined || answer === null) throw new CallError("network", "the server does not answer");
  if (answer.error) throw new CallError(answer.error.kind, answer.error.message);
  return answer;
}

const address = (kind, id) => new URL(`${kind}/${encodeURIComponent(id)}`, document.baseURI).href;
export const imageUrl = (id) => address("image", id);
export const seenUrl = (sha256) => address("seen", sha256);
export const thumbnailUrl = (id) => address("thumbnail", id);
