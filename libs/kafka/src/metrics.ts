import { gauge } from '@paylog/observability';

/** Failed attempts at the offset a partition stands at; 0 when it moves. Alert above 3. */
export const sameOffsetFails = gauge(
  'paylog_consumer_same_offset_fails',
  'Failed attempts in a row at the offset the partition stands at',
  ['group', 'topic', 'partition'],
);

export const lag = gauge(
  'paylog_consumer_lag_messages',
  'Messages between the stored offset and the end of the partition, as of the last fetch',
  ['group', 'topic', 'partition'],
);
