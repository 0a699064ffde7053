import { readFileSync, writeFileSync } from 'node:fs';
import { withPartsTable } from './parts-table.js';

// `npm run generate` writes the table; `-- --check` exits 1 when it is stale.

const readme = new URL('../README.md', import.meta.url);
const present = readFileSync(readme, 'utf8');
const generated = withPartsTable(present);

if (present !== generated && process.argv.includes('--check')) {
  console.error('libs/gateways/README.md is stale; run npm run generate');
  process.exitCode = 1;
} else if (present !== generated) {
  writeFileSync(readme, generated);
}
