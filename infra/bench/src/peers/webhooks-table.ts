/** Where both peers keep webhooks: byte for byte, each event of a gateway once. */
export const WEBHOOKS_TABLE = `create table if not exists webhooks (
  gateway text not null,
  event_id text not null,
  type text not null,
  body bytea not null,
  received_at timestamptz not null default now(),
  primary key (gateway, event_id)
)`;
