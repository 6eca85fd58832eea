// Calls of the server's functions: an answer, or an AskError whose message says what mends it.

export class AskError extends Error {}

export async function ask(server, name, request) {
  let answer;
  try {
    answer = await server[name](request);
  } catch {
    answer = undefined;
  }
  // the framework answers undefined where the request failed on its way, or the server broke down over it
  if (!answer) throw new AskError("Curator does not answer. Is `curator ui` still running?");
  if (answer.error) throw new AskError(answer.error.message || answer.error);
  return answer;
}
