import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository } from '@paylog/local';

/**
 * A built file of a service, as its process would load it. Nothing imports a service, so that services meet only on
 * Kafka; but what is measured must be what is shipped.
 */
export async function shipped<Exports>(service: string, file: string): Promise<Exports> {
  const path = join(repository, 'services', service, 'dist', file);
  return (await import(pathToFileURL(path).href)) as Exports;
}
