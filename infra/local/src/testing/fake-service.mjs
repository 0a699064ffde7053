// A service for the supervisor's specs: ready at once, ends in order on SIGTERM, with code 3 when asked to by HTTP.
import { createServer } from 'node:http';

if (process.env.FAKE_REFUSES) {
  console.log('FAKE_REFUSES is set: I will not start');
  process.exit(2);
}

const server = createServer((request, response) => {
  if (request.url === '/die') process.exit(3);
  response.end(JSON.stringify({ pid: process.pid }));
});
server.listen(Number(process.env.HTTP_PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  if (!process.env.FAKE_DEAF) process.exit(0);
});
