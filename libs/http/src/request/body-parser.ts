import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { findCardNumber } from './card-numbers.js';

/** Deeper JSON than this is refused before it is parsed. */
const DEPTH_MAX = 32;

type Done = (error: Error | null, body?: unknown) => void;

/**
 * Our own parsers in place of Fastify's: JSON, and 415 for the rest. Raw routes ask none.
 */
export function parseBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();

  const json = (request: FastifyRequest, body: Buffer, done: Done): void => {
    // An empty body beside the JSON content type: many clients do that on a POST without arguments.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(Problem.badRequest('The body is not valid UTF-8.'));
    if (deeperThan(DEPTH_MAX, body)) {
      return done(Problem.badRequest(`The body is nested deeper than ${DEPTH_MAX} levels.`));
    }
    void parseJson(request, body.toString('utf8'), (error, parsed) => {
      if (error) return done(Problem.badRequest('The body is not valid JSON.', { cause: error }));
      const field = findCardNumber(parsed);
      done(field === undefined ? null : cardNumber(field), parsed);
    });
  };
  fastify.addContentTypeParser(
    /^application\/(?:[\w.+-]+\+)?json(?:;|$)/,
    { parseAs: 'buffer' },
    json,
  );

  const other = (_request: FastifyRequest, body: Buffer, done: Done): void => {
    if (body.length === 0) return done(null, undefined);
    done(
      new Problem(415, 'Send the body as application/json.', { code: 'unsupported_media_type' }),
    );
  };
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, other);
}

function cardNumber(field: string): Problem {
  return Problem.unprocessable('A text looks like a card number; never send one.', {
    code: 'card_number_refused',
    field,
  });
}

/** Counts brackets outside strings; cheap beside parsing, and bounded where a parser recurses. */
function deeperThan(max: number, json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inString) {
      if (byte === 0x5c) index += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > max) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}
