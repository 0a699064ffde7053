import { createKafka, type Logger } from '@paylog/kafka';

type Admin = ReturnType<ReturnType<typeof createKafka>['admin']>;

/** Nobody answering yet is what we wait for, not something to write down. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Asks a cluster one thing over a connection of its own, and fails at once when nobody answers. */
export async function askKafka<T>(
  brokers: string[],
  question: (admin: Admin) => Promise<T>,
): Promise<T> {
  const kafka = createKafka({
    brokers,
    clientId: 'paylog-local',
    logger: SILENT,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await question(admin);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Which cluster answers on these addresses. */
export async function clusterIdOf(brokers: string[]): Promise<string> {
  return (await askKafka(brokers, (admin) => admin.describeCluster())).clusterId;
}
