import { blockHashOf, GENESIS } from '../digests.js';
import { log, proveThatItBites, topic } from '../testing/bite.js';
import { PAID, sha } from '../testing/clean.js';

proveThatItBites([
  [
    'a version is missing',
    'versions-gapless',
    /payment-state\/payments, stream pay1: version 2 expected, 3 found/,
    (scene) => {
      const { rows } = log(scene, 'payments');
      rows.splice(
        rows.findIndex((row) => row.stream === PAID && row.version === 2),
        1,
      );
    },
  ],
  [
    'a version is there twice',
    'versions-gapless',
    /intent\/intents, stream pay1: version 2 expected, 1 found/,
    (scene) => {
      const row = log(scene, 'intents').rows.find((one) => one.stream === PAID);
      row!.version = 1;
      for (const one of log(scene, 'intents').rows) if (one.stream === PAID) one.version = 1;
    },
  ],
  [
    'a fact was taken twice',
    'versions-gapless',
    /payment-state\/payments: fct-told is there 2 times, as pay1 version 2 and pay1 version 3/,
    (scene) => {
      const { rows } = log(scene, 'payments');
      rows.find(({ stream, version }) => stream === PAID && version === 2)!.id = 'fct-told';
    },
  ],
  [
    'a position is missing',
    'positions-gapless',
    /payment-state\/payments, lane \d: position 1 expected, 2 found/,
    (scene) => {
      const { rows } = log(scene, 'payments');
      rows.splice(
        rows.findIndex((row) => row.stream === PAID && row.position === 1),
        1,
      );
    },
  ],
  [
    'a tail was cut off',
    'positions-gapless',
    /intent\/intents, lane \d: the head says that \d comes next, the rows end before \d/,
    (scene) => log(scene, 'intents').rows.pop(),
  ],
  [
    'a topic skips a row and tells it later',
    'positions-gapless',
    /payments.events.v1\/\d: position 0 expected, 1 found at offset 0/,
    (scene) => {
      const own = topic(scene, 'payments.events.v1').messages.filter(
        ({ row }) => row?.stream === PAID,
      );
      [own[0]!.row, own[1]!.row] = [own[1]!.row, own[0]!.row];
    },
  ],
  [
    'a stored byte was changed',
    'chains-verify',
    /payment-state\/payments, row \d\/\d \(.* of pay\d\): digest .*, its columns give/,
    (scene) => (log(scene, 'payments').rows[0]!.recomputed = sha('other bytes')),
  ],
  [
    'a row and its digest were changed',
    'chains-verify',
    /payment-state\/payments, lane \d: the rows 0 to \d do not give the hash of their block/,
    (scene) => {
      const [row] = log(scene, 'payments').rows;
      row!.digest = row!.recomputed = sha('other bytes');
    },
  ],
  [
    'a lane was rewritten to its end',
    'chains-verify',
    /fulfillment\/fulfillment, lane \d: the head is 1 .*, the last block ends with 1/,
    (scene) => {
      const { rows, blocks } = log(scene, 'fulfillment');
      const [row] = rows;
      const block = blocks.find(({ lane }) => lane === row!.lane);
      row!.digest = row!.recomputed = sha('another decision');
      block!.hash = blockHashOf(GENESIS, 0, [row!.digest]);
    },
  ],
  [
    'a block is gone',
    'chains-verify',
    /a block begins at 2 instead of 0/,
    (scene) => {
      const { blocks } = log(scene, 'payments');
      blocks.splice(blocks.findIndex(({ first }) => first === 2) - 1, 1);
    },
  ],
  [
    'a row never reached its topic',
    'log-equals-topic',
    /ledger.entries.v1 lacks row \d\/0 \(EntryPosted, ent1\) of reconciliation\/ledger/,
    (scene) => {
      const { messages } = topic(scene, 'ledger.entries.v1');
      messages.splice(
        messages.findIndex(({ row }) => row?.id === 'ent1'),
        1,
      );
    },
  ],
  [
    'a topic has a row that the log lacks',
    'log-equals-topic',
    /payments.intents.v1\/\d at offset \d: row \d\/\d \(.*\) is not in the log/,
    (scene) => log(scene, 'intents').rows.splice(0, 1),
  ],
  [
    'log and topic tell two histories',
    'log-equals-topic',
    /fulfillment.events.v1\/\d at offset 0: row \d\/0 is dec9 there, dec\d in the log/,
    (scene) => {
      const [message] = topic(scene, 'fulfillment.events.v1').messages;
      const other = sha('another decision');
      Object.assign(message!.row!, { id: 'dec9', digest: other, recomputed: other });
    },
  ],
  [
    'a message was changed',
    'log-equals-topic',
    /fulfillment.events.v1\/\d at offset 0: the message of row \d\/0 was changed/,
    (scene) => {
      topic(scene, 'fulfillment.events.v1').messages[0]!.row!.recomputed = sha('other bytes');
    },
  ],
  [
    'somebody else wrote to a topic',
    'log-equals-topic',
    /gateway.notifications.v1\/0 at offset 9: no row of a log/,
    (scene) => {
      const foreign = { partition: 0, offset: 9, key: 'pay1', row: undefined };
      topic(scene, 'gateway.notifications.v1').messages.push(foreign);
    },
  ],
  [
    'a message is in the partition of another key',
    'log-equals-topic',
    /fulfillment.events.v1\/\d at offset 0: the key elsewhere belongs to another partition/,
    (scene) => (topic(scene, 'fulfillment.events.v1').messages[0]!.key = 'elsewhere'),
  ],
]);
