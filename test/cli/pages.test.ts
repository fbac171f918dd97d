/** The pages on errors, configuration and commands list what there is, and nothing else. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { variableOf } from '../../src/providers/variables.ts'
import { EXIT_CODES, type ErrorKind } from '../../src/domain/error.ts'

const root = join(import.meta.dirname, '../..')

function readPage(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8')
}

/** Where a code is written in the source: in an error that is made, or in a table of codes. */
const CODE_PLACES = [
  /new StockyardError\(\s*(?:'[a-z-]+'|[\w.]+),\s*'(?<code>[A-Z][A-Z0-9_]+)'/g,
  /\bcode: '(?<code>[A-Z][A-Z0-9]*_[A-Z0-9_]+)'/g,
  /\bfailure\(\s*'(?<code>[A-Z][A-Z0-9_]+)'/g,
  /'commander\.\w+': '(?<code>[A-Z][A-Z0-9_]+)'/g,
]

function codesIn(text: string): string[] {
  return CODE_PLACES.flatMap((place) =>
    [...text.matchAll(place)].map((match) => match.groups?.['code'] ?? ''),
  )
}

const sources = globSync('src/**/*.ts', { cwd: root }).map((path) =>
  readFileSync(join(root, path), 'utf8'),
)

/** Codes on the page, with the exit codes beside them. */
function codesOnPage(): Map<string, string> {
  const rows = readPage('errors.md').matchAll(
    /^\| *`(?<code>[A-Z0-9_]+)` *\| *(?<exit>[^|]+?) *\|/gm,
  )
  return new Map([...rows].map(({ groups }) => [groups?.['code'] ?? '', groups?.['exit'] ?? '']))
}

test('every error code of the source is on the page of errors, and no other', () => {
  const inSource = new Set(sources.flatMap(codesIn))
  assert.ok(inSource.size > 80, `only ${inSource.size} codes found: the patterns are out of date`)
  assert.deepEqual([...codesOnPage().keys()].toSorted(), [...inSource].toSorted())
})

test('the search for codes finds each form in which they are written', () => {
  const planted = `new StockyardError(\n 'usage',\n 'A_B', x); { code: 'C_D' }; failure('E_F'); 'commander.x': 'G_H'`
  assert.deepEqual(codesIn(planted), ['A_B', 'C_D', 'E_F', 'G_H'])
})

test('the exit codes on the page are those of the errors’ kinds', () => {
  const page = codesOnPage()
  const made = /new StockyardError\(\s*'(?<kind>[a-z-]+)',\s*'(?<code>[A-Z][A-Z0-9_]+)'/g
  for (const { groups } of sources.flatMap((text) => [...text.matchAll(made)])) {
    const exit = String(EXIT_CODES[groups?.['kind'] as ErrorKind])
    const code = groups?.['code'] ?? ''
    assert.ok(page.get(code)?.split(' or ').includes(exit), `${code} ends with ${exit}`)
  }
})

test('every variable that is read is on the page of the configuration, and no other', () => {
  const config = readFileSync(join(root, 'src/config.ts'), 'utf8')
  const read = [...config.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name)
  assert.ok(read.length > 15)
  const page = readPage('configuration.md')
  const listed = [...page.matchAll(/^\| *`([A-Z][A-Z0-9_]+)` *\|/gm)].map(([, name]) => name!)
  // Those of providers come from the registry, and the page tells how they are named.
  const settings = ['API_KEY', 'BASE_URL', 'BUDGET'] as const
  const ofProviders = new Set(
    PROVIDERS.flatMap(({ id }) => settings.map((setting) => variableOf(id, setting))),
  )
  const others = listed.filter((name) => !ofProviders.has(name))
  assert.deepEqual(others.toSorted(), [...new Set(read)].toSorted())
  assert.equal(listed.length - others.length, 8)
})

test('every command is on the page of commands, and no other', () => {
  const listed = [...readPage('cli.md').matchAll(/^## `stockyard ([a-z]+)/gm)].map(
    ([, name]) => name,
  )
  assert.deepEqual(listed.toSorted(), COMMANDS.map(({ name }) => name).toSorted())
})
