import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientAddress, networkOf, trustedProxies } from '../src/client-address.ts'

const proxies = trustedProxies(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'])

// peer, X-Forwarded-For, what counts (T-28)
const rows: [string | undefined, string | string[] | undefined, string][] = [
  ['203.0.113.9', undefined, '203.0.113.9'],
  ['203.0.113.9', '198.51.100.1', '203.0.113.9'], // the peer is nobody we trust
  ['10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['10.1.2.3', '6.6.6.6, 198.51.100.1', '198.51.100.1'], // the left part is the client's own invention
  ['10.1.2.3', '198.51.100.1, 10.9.9.9, 192.0.2.7', '198.51.100.1'],
  ['10.1.2.3', ['6.6.6.6', '198.51.100.1'], '198.51.100.1'],
  ['10.1.2.3', '198.51.100.1, garbage', '10.1.2.3'], // unreadable: the peer counts
  ['10.1.2.3', '', '10.1.2.3'],
  ['10.1.2.3', '10.4.4.4', '10.1.2.3'], // only proxies all the way
  ['::ffff:10.1.2.3', '::ffff:198.51.100.1', '198.51.100.1'],
  ['::ffff:203.0.113.9', undefined, '203.0.113.9'],
  ['fd00::1', '2001:db8::5', '2001:db8::5'],
  ['fe80::1%eth0', undefined, 'fe80::1'],
  [undefined, undefined, '0.0.0.0'],
]

for (const [peer, forwarded, expected] of rows)
  test(`peer ${peer} with X-Forwarded-For ${JSON.stringify(forwarded)} is ${expected}`, () => {
    assert.equal(clientAddress(peer, forwarded, proxies), expected)
  })

test('an unparsable address never makes the caller a proxy', () => {
  for (const hop of ['10.1.2.3.4', '010.1.2.3', '127.1', '0x7f.1', ' ', '[::1]:80', '10.0.0.1:443'])
    assert.equal(clientAddress('10.0.0.1', `198.51.100.1, ${hop}`, proxies), '10.0.0.1', hop)
})

test('a place is a /24 or a /48, a limit counts an address or a /64', () => {
  assert.equal(networkOf('198.51.100.77'), '198.51.100.0/24')
  assert.equal(networkOf('198.51.100.77', 'limit'), '198.51.100.77')
  assert.equal(networkOf('2001:db8:1:2:3::9'), '2001:db8:1::/48')
  assert.equal(networkOf('2001:db8::9', 'limit'), '2001:db8:0:0::/64')
})
