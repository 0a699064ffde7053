import type { Sent } from './sandbox-truth.js';
import { countWebhooks } from './webhooks.js';

const sent = (
  eventId: string,
  sha256: string,
  status: number | null,
  signedWrong = false,
): Sent => ({
  eventId,
  sha256,
  status,
  signedWrong,
});
const stored = (eventId: string, sha256: string) => ({ eventId, sha256 });

describe('counting webhooks', () => {
  it('takes new bytes as accepted, the same bytes again as duplicates', () => {
    const deliveries = [sent('e1', 'a', 200), sent('e1', 'a', 200), sent('e1', 'b', 200)];
    const counts = countWebhooks(deliveries, [stored('e1', 'a'), stored('e1', 'b')]);
    expect(counts).toEqual({ sent: 3, accepted: 2, duplicates: 1, rejected: 0, lost: 0 });
  });

  it('calls lost what was acknowledged and is not on disk, byte for byte', () => {
    const counts = countWebhooks([sent('e1', 'a', 200)], [stored('e1', 'other bytes')]);
    expect(counts).toEqual({ sent: 1, accepted: 0, duplicates: 0, rejected: 0, lost: 1 });
  });

  it('calls lost what nobody acknowledged to the end', () => {
    const counts = countWebhooks([sent('e1', 'a', 503), sent('e1', 'a', null)], []);
    expect(counts).toEqual({ sent: 2, accepted: 0, duplicates: 0, rejected: 0, lost: 2 });
  });

  it('calls rejected what was wrongly signed, or refused before a repeat was taken', () => {
    const deliveries = [sent('forged', 'f', 401, true), sent('e1', 'a', 503), sent('e1', 'b', 200)];
    const counts = countWebhooks(deliveries, [stored('e1', 'b')]);
    expect(counts).toEqual({ sent: 3, accepted: 1, duplicates: 0, rejected: 2, lost: 0 });
  });

  it('counts a forged one as accepted when it was taken: then it is on disk, and nobody sent it', () => {
    const counts = countWebhooks([sent('forged', 'f', 200, true)], [stored('forged', 'f')]);
    expect(counts.accepted).toBe(1);
  });
});
