/**
 * The fence around the shape of the code: which way imports run, which folders are pure, where SQL, the
 * environment and the clock may be touched, and how files are named and sized. It reads text by
 * pattern, so it stops slips and not tricks. Planted violations show that it can fail.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

/** What each folder of src may import besides itself and packages. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  validate: ['domain'],
  providers: ['domain', 'log', 'clock'],
  db: ['domain', 'log', 'clock'],
  sandbox: ['domain', 'log', 'clock'],
  notify: ['domain', 'log', 'clock'],
  archive: ['domain', 'providers', 'log', 'clock'],
  load: ['domain', 'validate', 'providers', 'db', 'archive', 'log', 'clock'],
  formats: ['domain'],
  query: ['domain', 'db', 'formats', 'log', 'clock'],
  live: ['domain', 'validate', 'providers', 'db', 'load', 'query', 'log', 'clock'],
  jobs: ['domain', 'validate', 'providers', 'db', 'load', 'query', 'notify', 'log', 'clock'],
  api: ['domain', 'formats', 'providers', 'db', 'load', 'query', 'live', 'jobs', 'log', 'clock'],
  cli: 'domain formats validate providers db archive load query live jobs api sandbox notify config log clock'.split(
    ' ',
  ),
  main: ['cli', 'config', 'domain', 'log', 'clock'],
  config: ['domain', 'providers'],
  log: [],
  clock: [],
}

/** Packages that only compute: no clock, network, file or environment. */
const PURE_PACKAGES = new Set(['temporal-polyfill'])

/** Words by which a module reaches outside itself. */
const IMPURE =
  /\bprocess\s*[.[]|\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.|\bconsole\.|\bcrypto\.|\bglobalThis\b/

const SQL =
  /\bSELECT\s[^'"]*\sFROM\s|\bINSERT\s+INTO\s|\bUPDATE\s+\S+\s+SET\s|\bDELETE\s+FROM\s|\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|SCHEMA|VIEW|FUNCTION|EXTENSION|ROLE|DATABASE)\b|\bCOPY\s+\S+.*\b(?:FROM|TO)\s+STD|\bpg_(?:try_)?advisory/

/** A lint rule may be set aside for one line, by name and with the reason after two dashes. */
const SILENCED =
  /@ts-(?:ignore|nocheck|expect-error)|(?:eslint|oxlint)-disable(?!-next-line [a-z/-]+ -- \w).*/g

interface Rule {
  readonly about: string
  /** Which files it is for. */
  readonly in: RegExp
  readonly except?: RegExp
  /** What is wrong with a file, or nothing. */
  readonly find: (path: string, text: string) => string[]
}

function bans(pattern: RegExp, message: string): Rule['find'] {
  return (_path, text) => {
    const match = pattern.exec(withoutComments(text))
    return match === null ? [] : [`${message}: ${match[0].trim()}`]
  }
}

const CODE = /\.(ts|js)$/
const PURE = /^src\/(domain|validate|providers\/[^/]+)\/.*\.ts$/

const RULES: readonly Rule[] = [
  { about: 'imports run one way', in: /^src\//, find: wrongImports },
  {
    about: 'the page in the browser talks to the API only',
    in: /^web\//,
    find: (_path, text) =>
      importsOf(text)
        .filter(({ specifier }) => /\bsrc\//.test(specifier))
        .map(({ specifier }) => `web may not import ${specifier}`),
  },
  {
    about: 'pure folders import packages that only compute',
    in: PURE,
    find: (_path, text) =>
      importsOf(text)
        .map(({ specifier }) => specifier)
        .filter((specifier) => !specifier.startsWith('.') && !PURE_PACKAGES.has(specifier))
        .map((specifier) => `a pure module may not import ${specifier}`),
  },
  {
    about: 'pure folders touch nothing outside',
    in: PURE,
    find: bans(IMPURE, 'a pure module may not use'),
  },
  {
    about: 'SQL lives in src/db and migrations',
    in: /^src\//,
    // What is written for other databases is text and is never run.
    except: /^src\/(db\/|formats\/write-sql\.ts$)/,
    find: bans(SQL, 'SQL belongs into src/db'),
  },
  {
    about: 'the environment is read in src/config.ts and handed on by src/main.ts',
    in: /^src\//,
    except: /^src\/(config|main)\.ts$/,
    find: bans(/\bprocess\.env\b|\benv\b[^;\n]*\bfrom 'node:process'/, 'only config reads'),
  },
  {
    about: 'the clock is read in src/clock.ts',
    in: /^src\//,
    except: /^src\/clock\.ts$/,
    find: bans(/\bDate\.now\b|\bnew Date\(\s*\)/, 'take a clock, or an instant, instead of'),
  },
  {
    about: 'the one class is the error',
    in: /^src\//,
    except: /^src\/domain\/error\.ts$/,
    find: bans(/^\s*(?:export\s+)?(?:abstract\s+)?class\s+\w+/m, 'functions and tables, not'),
  },
  {
    about: 'exports have names',
    in: /^(src|test|bench)\//,
    find: bans(/^export default\b/m, 'name what is exported'),
  },
  {
    about: 'nothing is silenced without a reason',
    in: CODE,
    find: (_path, text) =>
      [...text.matchAll(SILENCED)].map((match) => `mend what is complained about: ${match[0]}`),
  },
  {
    about: 'nothing is left to do',
    in: /./,
    find: (_path, text) =>
      /\b(?:TO[D]O|FIXM[E]|XX[X])\b/.test(text) ? ['do it, or say why not'] : [],
  },
  {
    about: 'a source file opens with what it is in charge of',
    in: /^src\/.*\.ts$/,
    find: (_path, text) => (/^(?:#!.*\n)?\/[*/]/.test(text) ? [] : ['begin with a comment']),
  },
  {
    about: 'files are short',
    in: CODE,
    find: (_path, text) => {
      const lines = text.split('\n').length - 1
      return lines < LINES_MAX ? [] : [`${lines} lines; fewer than ${LINES_MAX} are allowed`]
    },
  },
  { about: 'functions are short', in: /^src\/.*\.ts$/, find: longFunctions },
  { about: 'files are named for what is in them', in: /./, find: wrongName },
]

function wrongImports(path: string, text: string): string[] {
  const own = layerOf(path)
  const allowed = MAY_IMPORT[own]
  if (allowed === undefined) return [`${own} is not in the table of layers`]
  return importsOf(text).flatMap(({ specifier, isType }) => {
    if (!specifier.startsWith('.')) return []
    const target = posix.join(dirname(path), specifier)
    if (!/\.(ts|json|html)$/.test(specifier)) return [`${specifier} lacks its .ts`]
    if (!target.startsWith('src/'))
      return target === 'package.json' ? [] : [`${target} is not in src`]
    const other = layerOf(target)
    if (own === 'providers' && other === 'providers') return wrongProviderImport(path, target)
    if (other === own || allowed.includes(other)) {
      return isPureTarget(path, other) ? [] : [`a pure module may not import ${other}`]
    }
    // The shape of the configuration may be known to all; its reading may not.
    return other === 'config' && isType ? [] : [`${own} may not import ${other}`]
  })
}

/** Vendors do not know each other; the contract does not know them. */
function wrongProviderImport(path: string, target: string): string[] {
  const from = vendorOf(path)
  const to = vendorOf(target)
  if (to === null || to === from || path === 'src/providers/registry.ts') return []
  return [`${from ?? path} may not import the provider ${to}`]
}

function vendorOf(path: string): string | null {
  return /^src\/providers\/([^/]+)\//.exec(path)?.[1] ?? null
}

function isPureTarget(path: string, layer: string): boolean {
  return !PURE.test(path) || (layer !== 'log' && layer !== 'clock')
}

/** First folder under src, or the name of a file that lies right in it. */
function layerOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '')
}

interface Import {
  readonly specifier: string
  readonly isType: boolean
}

function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\b([^'"`;=]*?)\bfrom\s*['"]([^'"]+)['"]/gm),
  ].map(([, names, specifier]) => ({ specifier: specifier!, isType: isTypeOnly(names!) }))
  const bare = [
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/gm),
  ]
  return [
    ...found,
    ...bare.map(([, first, second]) => ({ specifier: (first ?? second)!, isType: false })),
  ]
}

/** True for `type { A }` and for `{ type A, type B }`. */
function isTypeOnly(names: string): boolean {
  if (/^\s*type\b/.test(names)) return true
  const list = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1]
  return list !== undefined && list.split(',').every((name) => /^\s*(?:type\s|$)/.test(name))
}

/** The code without its comments; strings stay. */
function withoutComments(text: string): string {
  const token =
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`)|\/\*[^]*?\*\/|(?<![:\\])\/\/[^\n]*/g
  return text.replace(token, (_match, string: string | undefined) => string ?? ' ')
}

/** Functions at the top level, from their first line to the brace that closes them. */
function longFunctions(_path: string, text: string): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, start) => {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1]
    if (name === undefined) return []
    const length = lines.slice(start).findIndex((each) => each.startsWith('}')) + 1
    return length <= FUNCTION_LINES_MAX
      ? []
      : [`${name} has ${length} lines; ${FUNCTION_LINES_MAX} are allowed`]
  })
}

function wrongName(path: string): string[] {
  const parts = path.split('/')
  const file = parts.pop()!
  const wrong = parts.filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
  const isMigration = /^migrations\/\d{4}_[a-z0-9_]+\.sql$/.test(path)
  const stem = file.replace(/(\.test)?\.[a-z0-9]+$/, '')
  if (!isMigration && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) wrong.push(file)
  if (/^(utils?|helpers?|common|types?|misc|shared|lib)$/.test(stem)) wrong.push(file)
  return wrong.map((part) => `${part} is not a kebab-case name of what is in it`)
}

function violationsIn(path: string, text: string): string[] {
  return RULES.filter((rule) => rule.in.test(path) && rule.except?.test(path) !== true).flatMap(
    (rule) => rule.find(path, text).map((message) => `${path}: ${message} (${rule.about})`),
  )
}

/** Files of the project's own code, with `/` between folders. */
function ownFiles(): string[] {
  return ['src', 'test', 'bench', 'bin', 'migrations', 'web'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js|sql)$/.test(entry.name))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(ROOT.length + 1)
          .replaceAll('\\', '/'),
      ),
  )
}

describe('the code', () => {
  const files = ownFiles()

  it('is there to be looked at', () => {
    assert.ok(files.filter((path) => path.startsWith('src/')).length >= 60)
    for (const layer of ['domain', 'validate', 'providers', 'db', 'load', 'query', 'api', 'cli']) {
      assert.ok(
        files.some((path) => path.startsWith(`src/${layer}/`)),
        `${layer} was not seen`,
      )
    }
  })

  it('keeps to its shape', () => {
    const found = files.flatMap((path) =>
      violationsIn(path, readFileSync(join(ROOT, path), 'utf8')),
    )
    assert.deepEqual(found, [])
  })
})

/** A file that is wrong, and a part of what must be said of it. */
const PLANTED: readonly (readonly [string, string, string])[] = [
  ['src/domain/a.ts', "import { b } from '../load/b.ts'", 'domain may not import load'],
  ['src/domain/a.ts', "import type { B } from '../providers/provider.ts'", 'domain may not import'],
  ['src/domain/a.ts', "export * from '../db/b.ts'", 'domain may not import db'],
  ['src/domain/a.ts', "import {\n  b,\n  c,\n} from '../db/b.ts'", 'domain may not import db'],
  ['src/domain/a.ts', "const b = await import('../db/b.ts')", 'domain may not import db'],
  ['src/domain/a.ts', "import '../log.ts'", 'domain may not import log'],
  ['src/validate/a.ts', "import { b } from '../db/b.ts'", 'validate may not import db'],
  ['src/query/a.ts', "import { b } from '../load/b.ts'", 'query may not import load'],
  ['src/db/a.ts', "import { b } from '../providers/b.ts'", 'db may not import providers'],
  ['src/api/a.ts', "import { b } from '../cli/b.ts'", 'api may not import cli'],
  ['src/load/a.ts', "import { readConfig } from '../config.ts'", 'load may not import config'],
  [
    'src/load/a.ts',
    "import { readConfig, type Config } from '../config.ts'",
    'may not import config',
  ],
  ['src/providers/x/a.ts', "import { b } from '../y/b.ts'", 'x may not import the provider y'],
  ['src/providers/x/a.ts', "import { log } from '../../log.ts'", 'may not import log'],
  ['src/providers/a.ts', "import { b } from './y/b.ts'", 'may not import the provider y'],
  ['web/app.js', "import { a } from '../src/query/rows.ts'", 'web may not import ../src'],
  ['src/elsewhere/a.ts', '', 'elsewhere is not in the table of layers'],
  ['src/cli/a.ts', "import { b } from './b'", './b lacks its .ts'],
  ['src/cli/a.ts', "import { b } from '../../test/b.ts'", 'test/b.ts is not in src'],
  ['src/domain/a.ts', "import { readFile } from 'node:fs'", 'may not import node:fs'],
  ['src/providers/x/a.ts', "import { fetch } from 'undici'", 'may not import undici'],
  ['src/domain/a.ts', 'const now = Date.now()', 'may not use: Date.now'],
  ['src/domain/a.ts', 'const now = new Date( )', 'may not use: new Date( )'],
  ['src/validate/a.ts', 'const x = Math.random()', 'may not use: Math.random'],
  ['src/providers/x/a.ts', "await fetch('x')", 'may not use: fetch('],
  ['src/domain/a.ts', 'setTimeout(f, 1)', 'may not use: setTimeout'],
  ['src/domain/a.ts', 'process.exit(1)', 'may not use: process.'],
  ['src/load/a.ts', 'query(`SELECT 1\n FROM stockyard.pages`)', 'SQL belongs into src/db'],
  ['src/api/a.ts', "query('DELETE FROM stockyard.pages')", 'SQL belongs into src/db'],
  ['src/load/a.ts', 'const a = process.env.HOME', 'only config reads: process.env'],
  ['src/load/a.ts', "import { env } from 'node:process'", 'only config reads'],
  ['src/load/a.ts', 'const at = Date.now()', 'take a clock'],
  ['src/api/a.ts', 'const at = new Date()', 'take a clock'],
  ['src/load/a.ts', 'export class Loader {}', 'functions and tables, not: export class Loader'],
  ['src/load/a.ts', 'export default 1', 'name what is exported'],
  ['src/load/a.ts', ['// @ts', 'ignore'].join('-'), 'mend what is complained about: @ts-'],
  ['src/load/a.ts', ['// oxlint', 'disable no-var'].join('-'), 'mend what is complained about'],
  ['src/load/a.ts', ['// oxlint', 'disable-next-line no-var'].join('-'), 'mend what'],
  ['test/a.test.ts', `// ${'TO'}${'DO'} later`, 'do it, or say why not'],
  ['src/load/a.ts', 'export const a = 1', 'begin with a comment'],
  ['src/load/a.ts', '\n'.repeat(400), '400 lines'],
  ['src/load/a.ts', `function f() {\n${'  g()\n'.repeat(69)}}\n`, 'f has 71 lines'],
  ['src/load/utils.ts', '', 'utils.ts is not'],
  ['src/load/loadBars.ts', '', 'loadBars.ts is not'],
  ['src/Load/a.ts', '', 'Load is not'],
  ['migrations/1_a.sql', '', '1_a.sql is not'],
]

const INNOCENT: readonly (readonly [string, string])[] = [
  ['src/domain/a.ts', "/** About. */\nimport { b } from './b.ts'\n"],
  ['src/domain/a.ts', '/** About. */\n// Date.now() is not for here.\nconst d = new Date(0)\n'],
  ['src/domain/a.ts', "/** About. */\nimport { Temporal } from 'temporal-polyfill'\n"],
  ['src/load/a.ts', "/** About. */\nimport type { Config } from '../config.ts'\n"],
  ['src/load/a.ts', "/** About. */\nimport { type Config } from '../config.ts'\n"],
  ['src/load/a.ts', "/** About. */\nimport { c } from '../clock.ts'\n"],
  ['src/providers/x/a.ts', "/** About. */\nimport type { P } from '../provider.ts'\n"],
  ['src/providers/registry.ts', "/** About. */\nimport { x } from './x/x.ts'\n"],
  ['src/db/a.ts', '/** About. */\nquery(`SELECT 1 FROM stockyard.pages`)\n'],
  ['src/cli/a.ts', "/** About. */\nconst hint = 'Select a symbol from the list.'\n"],
  ['src/config.ts', '/** About. */\nconst home = process.env.HOME\n'],
  ['src/load/a.ts', `/** About. */\nfunction f() {\n${'  g()\n'.repeat(68)}}\n`],
  [
    'src/load/a.ts',
    `/** About. */\n${['// oxlint', 'disable-next-line no-var -- why'].join('-')}\n`,
  ],
  ['migrations/0001_store.sql', '-- The store.\n'],
]

describe('the fence', () => {
  for (const [path, text, words] of PLANTED) {
    it(`sees what is wrong with ${path}: ${words}`, () => {
      const found = violationsIn(path, text)
      assert.ok(
        found.some((message) => message.includes(words)),
        JSON.stringify(found),
      )
    })
  }

  for (const [path, text] of INNOCENT) {
    it(`has nothing against ${JSON.stringify(text.slice(0, 70))} in ${path}`, () => {
      assert.deepEqual(violationsIn(path, text), [])
    })
  }
})
