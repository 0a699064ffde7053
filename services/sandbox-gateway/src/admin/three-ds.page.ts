import type Stripe from 'stripe';
import { toMajor } from '../gateway/currency.js';

/** The issuer's page: approve, refuse, or close the window. */
export function threeDsPage(intent: Stripe.PaymentIntent): string {
  const amount = `${toMajor(intent.amount, intent.currency)} ${intent.currency.toUpperCase()}`;
  const open = intent.status === 'requires_action';
  const body = open
    ? `<p>Your bank asks: is this payment of <strong>${escaped(amount)}</strong> yours?</p>
      <form method="post">
        <button name="decision" value="approve">Approve</button>
        <button name="decision" value="refuse">Refuse</button>
      </form>
      <p>Close this window to abandon the payment.</p>`
    : `<p>Nothing to decide: this payment is ${escaped(intent.status)}.</p>`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Sandbox bank</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 28rem; margin: 4rem auto; padding: 0 1rem }
      button { font: inherit; padding: 0.5rem 1.5rem; margin-right: 0.5rem }
    </style>
  </head>
  <body>
    <h1>Sandbox bank</h1>
    ${body}
  </body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
