/**
 * One event of an event stream.
 * @param event a constant of the caller's own vocabulary, never text from outside
 * @param json one line: JSON without layout escapes every line end within strings, so no text of a bot or caller can forge a line
 * @param id position in the log; a reader comes back with it as Last-Event-ID
 */
export function sseFrame(event: string, json: string, id?: number): string {
  const position = id === undefined ? '' : `id: ${id}\n`;
  return `${position}event: ${event}\ndata: ${json}\n\n`;
}
