/** What symbols say by their spelling; examples are the vendors' own, from their documentation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { readSymbolMeaning, spellSymbol } from '../../src/domain/symbol-meaning.ts'

const CASES: readonly (readonly [string, string, string])[] = [
  ['AAPL', 'stock', 'XNYS'],
  ['BRK.B', 'stock', 'XNYS'],
  ['BRK-B', 'stock', 'XNYS'],
  ['HEI.A', 'stock', 'XNYS'],
  ['^GSPC', 'index', 'XNYS'],
  ['I:SPX', 'index', 'XNYS'],
  ['^N225', 'index', 'XTKS'],
  ['^FTSE', 'index', 'XLON'],
  ['EURUSD=X', 'currency', '24/5'],
  ['C:EURUSD', 'currency', '24/5'],
  ['X:BTCUSD', 'currency', '24/7'],
  ['BTC-USD', 'currency', '24/7'],
  ['VOD.L', 'stock', 'XLON'],
  ['TSCO.LON', 'stock', 'XLON'],
  ['sap.de', 'stock', 'XETR'],
  ['7203.T', 'stock', 'XTKS'],
  ['0700.HK', 'stock', 'XHKG'],
  ['600104.SHH', 'stock', 'XSHG'],
  ['RELIANCE.BSE', 'stock', 'XBOM'],
  ['PETR4.SA', 'stock', 'BVMF'],
]

for (const [symbol, kind, exchange] of CASES) {
  test(`${symbol} is of kind ${kind} and follows the calendar of ${exchange}`, () => {
    assert.deepEqual(readSymbolMeaning(symbol), { kind, exchange })
    assert.equal(getCalendar(exchange).exchange, exchange)
  })
}

test('a symbol is kept in capitals, but for the small letter of preferred and when-issued shares', () => {
  const spelled = ['aapl', 'Aapl', 'brk.b', 'PEBpE', 'TpA', 'KIMw', 'BHRp', 'sap.de', 'eurusd=x']
  assert.deepEqual(
    spelled.map((typed) => spellSymbol(typed)),
    ['AAPL', 'AAPL', 'BRK.B', 'PEBpE', 'TpA', 'KIMw', 'BHRp', 'SAP.DE', 'EURUSD=X'],
  )
})
