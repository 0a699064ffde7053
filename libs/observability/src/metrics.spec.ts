import { counter, gauge, histogram, metrics } from './metrics.js';

it('makes a metric once and serves it', async () => {
  const first = counter('spec_total', 'A count.', ['outcome']);
  first.inc({ outcome: 'ok' });
  counter('spec_total', 'A count.', ['outcome']).inc({ outcome: 'ok' });
  gauge('spec_lag', 'A lag.', [], function () {
    this.set(7);
  });
  histogram('spec_seconds', 'A duration.').observe(0.003);
  const page = await metrics.metrics();
  expect(page).toContain('spec_total{outcome="ok"} 2');
  expect(page).toContain('spec_lag 7');
  expect(page).toContain('spec_seconds_bucket{le="0.005"} 1');
});
