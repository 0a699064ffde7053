/** The brokers of this test run. */
export function testKafkaBrokers(): string[] {
  const brokers = process.env['TEST_KAFKA_BROKERS'];
  if (brokers === undefined) {
    throw new Error(
      'TEST_KAFKA_BROKERS is not set: name the spec *.int.spec.ts, so that it gets a stack',
    );
  }
  return brokers.split(',');
}
