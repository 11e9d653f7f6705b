import { expect, test } from 'vitest';
import { userIn } from './os-user.ts';

test('an OS user is found by exactly its name', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nagent:x:1001:1002::/home/agent:\nbroken:x:abc:1:::\n';
  expect(userIn(passwd, 'agent')).toEqual({
    name: 'agent',
    uid: 1001,
    gid: 1002,
    home: '/home/agent',
    shell: '/bin/sh',
  });
  expect(userIn(passwd, 'age')).toBeUndefined();
  expect(userIn(passwd, 'broken')).toBeUndefined();
});
