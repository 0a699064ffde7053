import { repository } from '@paylog/local';
import { failpointsIn, faultsOf, type Source, sourcesOf } from './scan.js';

/** Goal: every failpoint that is declared is used, and nothing leaves a process without one. */
describe('the failpoints of the sources', () => {
  const file = 'services/intent/src/some.ts';
  const faults = (...lines: string[]) => faultsOf([{ file, text: lines.join('\n') }]);

  it('are in order', () => {
    expect(faultsOf(sourcesOf(repository))).toEqual([]);
  });

  it('are found with what they stand round', () => {
    const text = [
      "const atClaim = crossing('intent.claim');",
      "declareFailpoints(['intent.call.before', 'intent.call.after']);",
      'await atClaim(() => pool.query(CLAIM));',
      "await failpoint('intent.call.before');",
      'const said = await callGateway(action);',
      "await failpoint('intent.call.after');",
    ].join('\n');
    const sources: Source[] = [{ file, text }];
    const owner = 'services/intent';
    expect(failpointsIn(sources)).toEqual([
      { name: 'intent.call.after', owner, file, boundary: 'gateway' },
      { name: 'intent.call.before', owner, file, boundary: 'gateway' },
      { name: 'intent.claim.after', owner, file, boundary: 'Postgres' },
      { name: 'intent.claim.before', owner, file, boundary: 'Postgres' },
    ]);
    expect(faultsOf(sources)).toEqual([]);
  });

  it('must be declared where they are used', () => {
    expect(faults("await failpoint('intent.call.before');")).toEqual([
      `${file} uses intent.call.before undeclared`,
    ]);
  });

  it('must be used where they are declared', () => {
    expect(faults("declareFailpoints(['intent.call.before']);")).toEqual([
      `${file} never uses intent.call.before`,
    ]);
    expect(faults("const atClaim = crossing('intent.claim');")).toEqual([
      `${file} never crosses atClaim`,
    ]);
  });

  it('must have names of their own, which say where they are', () => {
    const twice = ["const atA = crossing('intent.a');", "const atB = crossing('intent.a');"];
    expect(faults(...twice, 'await atA(a);', 'await atB(b);')).toEqual([
      `intent.a.after is declared twice: in ${file} and in ${file}`,
    ]);
    expect(faults("const atA = crossing('kafka.a');", 'await atA(a);')).toEqual([
      `${file} has kafka.a.after: write intent.<step>.<before|after>`,
      `${file} has kafka.a.before: write intent.<step>.<before|after>`,
    ]);
  });

  it.each([
    'const { rows } = await pool.query<Claimed>(CLAIM);',
    'await this.#pool.query(CLAIM);',
    'await this.consumer.commitOffsets(offsets);',
    'return producer.sendBatch({ acks: -1 });',
  ])('must not be missing at %p', (line) => {
    expect(faults(line)).toEqual([`${file}:1 leaves the process without a failpoint: ${line}`]);
  });
});
