import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back on a raw connection, until the other side closed it or `enough` says so. */
export async function rawHttp(
  port: number,
  bytes: string | Buffer,
  enough: (text: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  const text = await received(socket, enough);
  socket.destroy();
  return text;
}

/** Collects text from a socket until it ends or `enough`. */
export function received(socket: Socket, enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (enough(text)) resolve(text);
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}
