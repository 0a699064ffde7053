import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('.', import.meta.url).pathname;

/** Jest runs CommonJS; packages that ship ES modules only are compiled like our own code. */
function esmOnlyPackages() {
  const modules = join(root, 'node_modules');
  const names = readdirSync(modules)
    .filter((name) => !name.startsWith('.') && name !== '@paylog')
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((sub) => `${name}/${sub}`)
        : [name],
    );
  return names.filter((name) => {
    try {
      const manifest = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
      return manifest.type === 'module';
    } catch {
      return false; // Not a package.
    }
  });
}

const swc = (syntax) => ({
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: syntax === 'ts' ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
    transform:
      syntax === 'ts'
        ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false }
        : undefined,
  },
});

const esm = esmOnlyPackages().map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

/** What the projects `unit`, `int` and `fault` have in common. */
export const preset = {
  rootDir: root,
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/infra'],
  testEnvironment: 'node',
  modulePathIgnorePatterns: [
    '<rootDir>/.*/dist/',
    '<rootDir>/.paylog/',
    '<rootDir>/infra/check/fixtures/',
  ],
  moduleNameMapper: {
    '^@paylog/([^/]+)/([^/]+)$': '<rootDir>/libs/$1/src/$2/index.ts',
    '^@paylog/([^/]+)$': ['<rootDir>/libs/$1/src/index.ts', '<rootDir>/infra/$1/src/index.ts'],
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.ts$': ['@swc/jest', swc('ts')], '^.+\\.m?js$': ['@swc/jest', swc('js')] },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
};
