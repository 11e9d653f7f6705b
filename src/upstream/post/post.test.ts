import { afterEach, describe, expect, test } from 'vitest';
import { postTo } from './post.ts';
import { answering, listen, type Listener } from '../dial/listeners.fixture.ts';

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

const body = Buffer.from('{"holdpoint":"alarm/v1"}');

describe('posting an alarm', () => {
  test('H8: resolves when the far end took it', async () => {
    listener = await listen(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    await postTo(`http://127.0.0.1:${listener.port}/hook/T0?x=1`, body, { allowPrivate: true });
    expect(listener.received()).toMatch(/^POST \/hook\/T0\?x=1 HTTP\/1\.1\r\n/);
    expect(listener.received().endsWith(`\r\n\r\n${body.toString()}`)).toBe(true);
  });

  test.each([
    'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 302 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
    'nothing',
  ])('H8 F1: %j is no success, and the error does not tell the path', async (answer) => {
    listener = await listen((socket, received) => received !== '' && socket.end(answer));
    const posted = postTo(`http://127.0.0.1:${listener.port}/hook/secret-path`, body, { allowPrivate: true });
    await expect(posted).rejects.toMatchObject({ name: 'LineBroken' });
    await expect(posted).rejects.toSatisfy(
      (error: Error) =>
        !`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`.includes('secret-path'),
    );
  });

  test('C1: private addresses only where configured', async () => {
    listener = await listen(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    await expect(postTo(`https://127.0.0.1:${listener.port}/`, body, { allowPrivate: false })).rejects.toMatchObject({
      sent: 'no',
    });
    await expect(postTo(`http://127.0.0.1:${listener.port}/`, body, { allowPrivate: false })).rejects.toThrow(
      /unencrypted/,
    );
    await expect(postTo('not a url', body, { allowPrivate: true })).rejects.toMatchObject({ sent: 'no' });
    expect(listener.connections()).toBe(0);
  });
});
