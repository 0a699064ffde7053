import { readFileSync } from 'node:fs';
import { provisionedTopics } from '../provisioning.js';
import { TOPICS } from '../topics.js';
import { asyncapiDocument } from './asyncapi.js';
import { publishedSchemas, schemaFile } from './schemas.js';
import { withTopicTable } from './topic-table.js';

/** The folder of the repository. */
export const ROOT = new URL('../../../../', import.meta.url);
/** Every file in it is generated: one that isn't any more is removed. */
export const SCHEMAS_FOLDER = 'libs/contracts/schemas/';

/** What `npm run generate` writes: path from the repository's folder, and text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const readme = 'libs/contracts/README.md';
  const schemas = TOPICS.flatMap(({ name }) => publishedSchemas(name)).map(
    (schema): [string, string] => [
      `${SCHEMAS_FOLDER}${schema.topic}/${schema.title}.v${schema.version}.json`,
      schemaFile(schema),
    ],
  );
  return new Map([
    ...schemas,
    ['libs/contracts/asyncapi.yaml', asyncapiDocument()],
    ['infra/kafka/topics.json', `${JSON.stringify({ topics: provisionedTopics() }, null, 2)}\n`],
    [readme, withTopicTable(readFileSync(new URL(readme, ROOT), 'utf8'))],
  ]);
}
