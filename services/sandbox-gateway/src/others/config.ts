import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const text = Type.String({ minLength: 1 });
const webhookUrl = Type.String({ pattern: '^https?://' });

const OtherGateways = Type.Object(
  {
    adyen: Type.Optional(
      Type.Object(
        { webhookUrl, merchantAccount: text, hexKey: text },
        { additionalProperties: false },
      ),
    ),
    paypal: Type.Optional(
      Type.Object(
        { webhookUrl, webhookId: text, authorityFile: text, rootsFile: text },
        { additionalProperties: false },
      ),
    ),
    gocardless: Type.Optional(
      Type.Object({ webhookUrl, secret: text }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
);

/** Where webhooks of other gateways go, and what they are signed with. */
export type OtherGateways = Static<typeof OtherGateways>;

const validator = Compile(OtherGateways);

/** `SANDBOX_OTHER_GATEWAYS`; nothing of them where it is absent. */
export function readOtherGateways(json: string | undefined, faults: string[]): OtherGateways {
  if (json === undefined || json === '') return {};
  try {
    const value: unknown = JSON.parse(json);
    if (validator.Check(value)) return value;
    const [first] = validator.Errors(value);
    faults.push(`SANDBOX_OTHER_GATEWAYS ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
  } catch (error) {
    faults.push(`SANDBOX_OTHER_GATEWAYS can't be read: ${String(error)}`);
  }
  return {};
}
