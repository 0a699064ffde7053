import { declareFailpoints, failpoint, isArmed } from '@paylog/failpoints';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declareFailpoints(['http.answer.before', 'http.answer.after']);

/** What machines ask, not callers. */
const MACHINES = /^\/(?:health|metrics|docs)/;

/** Lets a crash test kill the process when an answer is ready but not sent, or just sent. Otherwise there is no hook. */
export function crossAnswers(fastify: FastifyInstance): void {
  if (!isArmed('http.answer')) return;
  fastify.addHook('onSend', async ({ url }: FastifyRequest) => {
    if (!MACHINES.test(url)) await failpoint('http.answer.before');
  });
  fastify.addHook('onResponse', async ({ url }: FastifyRequest) => {
    if (!MACHINES.test(url)) await failpoint('http.answer.after');
  });
}
