import { STATEFUL_SERVICES } from '@paylog/local';
import fc from 'fast-check';
import { planActs, ROUNDS_A_DEAL } from './hand.js';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('the hand', () => {
  it('does every kind of act, to every service and both servers, in ten rounds of any seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const acts = planActs(seed, ROUNDS_A_DEAL);
        expect(acts).toHaveLength(ROUNDS_A_DEAL);
        expect(new Set(acts.map(({ kind }) => kind))).toEqual(
          new Set(['kill', 'freeze', 'restart', 'restore']),
        );
        expect(new Set(acts.map(({ target }) => target))).toEqual(
          new Set([...STATEFUL_SERVICES, 'postgres', 'kafka']),
        );
        const killed = acts.filter(({ kind }) => kind === 'kill').map(({ target }) => target);
        expect(killed).toEqual(expect.arrayContaining(['postgres', 'kafka']));
        expect(killed.some((target) => target !== 'postgres' && target !== 'kafka')).toBe(true);
      }),
    );
  });

  it('does nothing twice in the same way within ten rounds', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const acts = planActs(seed, ROUNDS_A_DEAL).map(({ kind, target }) => `${kind} ${target}`);
        expect(new Set(acts).size).toBe(ROUNDS_A_DEAL);
      }),
    );
  });

  it('lets one freeze outlast the sessions of groups and lane owners', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const frozen = planActs(seed, ROUNDS_A_DEAL).flatMap((act) =>
          act.kind === 'freeze' ? act.frozenMs : [],
        );
        expect(frozen.filter((ms) => ms >= 8_000)).toHaveLength(1);
        expect(frozen.filter((ms) => ms <= 4_000)).toHaveLength(1);
      }),
    );
  });

  it('restarts a replica whose twin goes on, and leaves a twin to take over from the long frozen', () => {
    const replicated = ['intent', 'webhook-ingest', 'payment-state'];
    fc.assert(
      fc.property(seeds, (seed) => {
        const hit = planActs(seed, ROUNDS_A_DEAL).filter(
          (act) => act.kind === 'restart' || (act.kind === 'freeze' && act.frozenMs >= 8_000),
        );
        expect(hit).toHaveLength(2);
        for (const { target } of hit) expect(replicated).toContain(target);
      }),
    );
  });

  it('puts no database back before there is a snapshot to put it back to', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const early = planActs(seed, 3).map(({ kind }) => kind);
        expect(early).not.toContain('restore');
      }),
    );
  });

  it('gives the same acts for the same seed, and fewer rounds are the beginning of more', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 35 }), (seed, rounds) => {
        expect(planActs(seed, rounds)).toEqual(planActs(seed, 40).slice(0, rounds));
      }),
    );
  });

  it('gives other acts for another seed', () => {
    const plans = [1, 2, 3, 4, 5].map((seed) => JSON.stringify(planActs(seed, ROUNDS_A_DEAL)));
    expect(new Set(plans).size).toBe(plans.length);
  });
});
