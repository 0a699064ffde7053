import { repository, STATEFUL_SERVICES } from '@paylog/local';
import { LEFT_OUT, targetsOf } from './reach.js';
import { failpointsIn, sourcesOf } from './scan.js';

/** Goal: the matrix kills at every failpoint there is, in each service that has it. */
describe('the targets of the matrix', () => {
  const failpoints = failpointsIn(sourcesOf(repository));
  const targets = targetsOf(failpoints);

  it('hold every failpoint, but those that say why they are left out', () => {
    const killed = new Set(targets.map(({ name }) => name));
    const steps = failpoints
      .filter(({ name }) => !killed.has(name))
      .map(({ name }) => name.replace(/\.(?:before|after)$/, ''));
    expect(new Set(steps)).toEqual(new Set(Object.keys(LEFT_OUT)));
  });

  it('hold those of a service in that service, and those of a lib in each that comes to them', () => {
    const servicesOf = (name: string) =>
      targets.filter((target) => target.name === name).map(({ service }) => service);
    expect(servicesOf('intent.call.before')).toEqual(['intent']);
    expect(servicesOf('event-sourcing.append.after')).toEqual(STATEFUL_SERVICES);
    expect(servicesOf('event-sourcing.follow.before')).toEqual(['webhook-ingest', 'fulfillment']);
  });
});
