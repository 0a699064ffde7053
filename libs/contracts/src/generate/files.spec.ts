import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Parser } from '@asyncapi/parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isCurrency } from '../currency.js';
import { TOPICS } from '../topics.js';
import { generatedFiles, ROOT, SCHEMAS_FOLDER } from './files.js';
import { publishedSchemas, schemaTitle } from './schemas.js';

describe('generated files', () => {
  const files = generatedFiles();

  it.each([...files.keys()])('%s is fresh: if not, npm run generate', (path) => {
    const url = new URL(path, ROOT);
    expect(existsSync(url) && readFileSync(url, 'utf8')).toBe(files.get(path));
  });

  it('are all there is in the folder of schemas', () => {
    const found = readdirSync(fileURLToPath(new URL(SCHEMAS_FOLDER, ROOT)), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.json'));
    const made = [...files.keys()].filter((path) => path.startsWith(SCHEMAS_FOLDER));
    expect(found.map((name) => SCHEMAS_FOLDER + name).sort()).toEqual(made.sort());
  });

  it('hold an asyncapi.yaml that the AsyncAPI parser takes without a complaint', async () => {
    const text = files.get('libs/contracts/asyncapi.yaml') ?? '';
    const { document, diagnostics } = await new Parser().parse(text);
    expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([]);
    expect(document?.version()).toBe('3.0.0');
    expect(document?.channels().all()).toHaveLength(TOPICS.length + 1);
  }, 60_000);

  it('hold schemas by which another validator takes every example', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    addFormats.default(ajv);
    ajv.addFormat('iso4217', isCurrency);
    for (const { name } of TOPICS) {
      for (const { title, schema } of publishedSchemas(name)) {
        const validate = ajv.compile(schema);
        const folder = new URL(`libs/contracts/examples/${name}/`, ROOT);
        const examples = readdirSync(folder).filter(
          (file) =>
            file.endsWith('.v1.json') && schemaTitle(name, file.split('.')[0] ?? '') === title,
        );
        expect(examples).not.toEqual([]);
        for (const file of examples) {
          const example: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
          expect([file, validate(example), validate.errors]).toEqual([file, true, null]);
          expect(
            validate({
              ...(example as object),
              paymentId: 7,
              storefront: 7,
              service: 7,
              entryId: 7,
              statementId: 7,
              exceptionId: 7,
            }),
          ).toBe(false);
        }
      }
    }
  });
});
