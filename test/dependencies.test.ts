/** What is installed is what was chosen: exact versions, each with its digest, and nothing that runs by being installed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'

function read(name: string): string {
  return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
}

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
}

const own = JSON.parse(read('package.json')) as Package
const { packages } = JSON.parse(read('package-lock.json')) as {
  packages: Readonly<
    Record<string, { integrity?: string; dev?: boolean; link?: boolean; resolved?: string }>
  >
}

it('packages are asked for by exact version', () => {
  const { dependencies, devDependencies, optionalDependencies } = own
  const asked = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
  assert.ok(asked.length > 10)
  assert.deepEqual(
    asked.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    [],
  )
})

it('packages that run are locked by digest, and come from a registry', () => {
  // Of tools for other machines the registry's answer had no digest; they are not part of what runs.
  const others = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  assert.ok(others.length > 100)
  const loose = others.filter(
    ([, { integrity, link, resolved }]) =>
      integrity?.startsWith('sha512-') !== true ||
      link === true ||
      /^(?:git|file)/.test(resolved ?? ''),
  )
  assert.deepEqual(loose, [])
})

it('packages run nothing when they are installed, and neither does ours', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m)
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare']
  assert.deepEqual(
    hooks.filter((name) => own.scripts?.[name] !== undefined),
    [],
  )
})
