/** The source of Debian's backports is derived from the machine's own sources, in both of their formats. */
import { expect, test } from 'vitest';
import { lines, stanzas } from '../../scripts/lavapipe.mjs';

test('stanzas: those of this release are kept, and one is derived for its backports', () => {
  const mirror = `Types: deb
# a comment stays
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg`;
  const security = mirror.replace('bookworm bookworm-updates', 'bookworm-security');
  const others = 'Types: deb\nURIs: https://others.example\nSuites: nodistro\nComponents: main\n';
  const derived = mirror.replace('bookworm bookworm-updates', 'bookworm-backports');
  expect(stanzas([`${mirror}\n\n${security}\n`, others], 'bookworm')).toBe(`${mirror}\n\n${security}\n\n${derived}\n`);
  expect(stanzas([others], 'bookworm')).toBe('');
});

test('lines: the same', () => {
  const text = `# deb http://mirror.example/debian bookworm main
deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
deb http://others.example/debian stable main
`;
  expect(lines([text], 'bookworm').trim().split('\n')).toEqual([
    'deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64] http://mirror.example/debian bookworm main contrib',
    'deb http://mirror.example/security bookworm-security main',
    'deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64] http://mirror.example/debian bookworm-backports main contrib',
  ]);
});
