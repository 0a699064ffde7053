// Who may import whom. Nx's own rule needs typescript-eslint, which does not take TypeScript 7, so the table is here:
// `node infra/check/boundaries.mjs [root]` prints each import that breaks it, and exits 1 when there is one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));

/** What a package of each kind may import, its own files apart. Services meet only on Kafka: nothing imports one. */
const MAY_IMPORT = {
  domain: [],
  contract: ['domain', 'contract'],
  adapter: ['domain', 'contract', 'adapter'],
  service: ['domain', 'contract', 'adapter'],
  infra: ['domain', 'contract', 'adapter', 'infra'],
  testing: ['domain', 'contract', 'adapter', 'infra', 'testing'],
};

/** What specs may import on top of that. */
const SPECS_TOO = ['domain', 'contract', 'adapter', 'infra', 'testing'];

/** The domain is a function of its arguments: the clock, chance and the process are not among them. */
const IMPURE =
  /\b(new Date|Date\.now|performance\.now|Math\.random|setTimeout|setInterval|process\.|fetch\(|await )/;

function kindOf(folder) {
  if (folder === 'libs/payment-domain') return 'domain';
  if (folder === 'libs/contracts') return 'contract';
  if (folder === 'libs/testing') return 'testing';
  return { libs: 'adapter', services: 'service', infra: 'infra' }[folder.split('/')[0]];
}

function packages() {
  const found = new Map();
  for (const group of ['libs', 'services', 'infra']) {
    if (!existsSync(join(root, group))) continue;
    for (const name of readdirSync(join(root, group))) {
      const folder = `${group}/${name}`;
      const manifest = join(root, folder, 'package.json');
      if (!existsSync(manifest)) continue;
      const { name: packageName, dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
      found.set(packageName, { folder, kind: kindOf(folder), declared: Object.keys(dependencies) });
    }
  }
  return found;
}

function sourcesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ['node_modules', 'dist'].includes(entry.name) ? [] : sourcesOf(path);
    return /\.[cm]?tsx?$/.test(entry.name) ? [path] : [];
  });
}

const withoutComments = (code) =>
  code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

function specifiersIn(code) {
  const imports = /(?:\bfrom|\bimport\s*\(?|\brequire\s*\()\s*(["'`])([^"'`\n]+)\1/g;
  return [...code.matchAll(imports)].map((match) => match[2]);
}

const isSpec = (file) =>
  /\.spec\.tsx?$/.test(file) || relative(root, file).includes(`${sep}src${sep}testing${sep}`);

/** Why this import is not allowed, or undefined. */
function faultOf(specifier, file, owner, all) {
  if (specifier.startsWith('.')) {
    const target = relative(join(root, owner.folder), resolve(dirname(file), specifier));
    return target.startsWith('..') ? 'leaves its package: import the other by its name' : undefined;
  }
  const target = [...all].find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
  if (target === undefined) {
    const foreign = owner.kind === 'domain' && !isSpec(file);
    return foreign ? 'is foreign to the domain, which imports nothing' : undefined;
  }
  const [name, { kind, folder }] = target;
  if (folder === owner.folder) return undefined;
  const allowed =
    MAY_IMPORT[owner.kind].includes(kind) || (isSpec(file) && SPECS_TOO.includes(kind));
  if (!allowed) return `is of kind ${kind}, which kind ${owner.kind} may not import`;
  if (isSpec(file) || owner.declared.includes(name)) return undefined;
  return `is not among the dependencies in ${owner.folder}/package.json, so Nx does not know`;
}

function faultsOf(owner, all) {
  return sourcesOf(join(root, owner.folder, 'src')).flatMap((file) => {
    const code = withoutComments(readFileSync(file, 'utf8'));
    const at = relative(root, file);
    const faults = specifiersIn(code).flatMap((specifier) => {
      const fault = faultOf(specifier, file, owner, all);
      return fault === undefined ? [] : [`${at}: '${specifier}' ${fault}`];
    });
    const impure = owner.kind === 'domain' && !isSpec(file) && IMPURE.exec(code)?.[0];
    return impure ? [...faults, `${at}: \`${impure.trim()}\` has no place in the domain`] : faults;
  });
}

/** TypeScript builds in the order of its references: they must say the same as package.json. */
function referenceFaultsOf(owner, all) {
  const config = join(root, owner.folder, 'tsconfig.json');
  if (!existsSync(config)) return [];
  const { references = [] } = JSON.parse(readFileSync(config, 'utf8'));
  const referenced = references.map(({ path }) => relative(root, join(root, owner.folder, path)));
  return owner.declared
    .filter((name) => all.has(name) && !referenced.includes(all.get(name).folder))
    .map((name) => `${owner.folder}/tsconfig.json: lacks a reference to ${all.get(name).folder}`);
}

const all = packages();
const faults = [...all.values()].flatMap((owner) => [
  ...faultsOf(owner, all),
  ...referenceFaultsOf(owner, all),
]);
for (const fault of faults) console.log(fault);
if (all.size === 0) console.log(`There is no package under ${root}`);
if (faults.length === 0) console.log(`${all.size} packages keep their boundaries`);
process.exitCode = faults.length > 0 || all.size === 0 ? 1 : 0;
