import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, makeOnce } from './places.js';

const pom = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url));

/** The folder with Apache Kafka's jars, fetched by Maven the first time. */
export function kafkaJars(): string {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(readFileSync(pom, 'utf8'))?.[1];
  return makeOnce(join(cacheFolder, `kafka-${version}`), (aside) => {
    process.stderr.write(`Fetching Apache Kafka ${version} with Maven, once (54 MB) …\n`);
    const args = [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${aside}`,
    ];
    const ran = spawnSync('mvn', args, { encoding: 'utf8' });
    if (ran.error !== undefined) {
      throw new Error(
        'A native Kafka needs Maven to fetch its jars (on Debian: apt install maven)',
        { cause: ran.error },
      );
    }
    if (ran.status !== 0) {
      throw new Error(
        `Maven could not fetch Apache Kafka ${version}: ${(ran.stdout + ran.stderr).trim()}`,
      );
    }
  });
}
