import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repository } from './places.js';
import { roleOf, SERVICE_NAMES, SERVICES, STATEFUL_SERVICES } from './services.js';

interface Composed {
  image?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, unknown>;
  healthcheck?: { test: string[] };
}

const file = readFileSync(join(repository, 'docker-compose.yml'), 'utf8');
const compose = parse(file, { merge: true }) as {
  services: Record<string, Composed>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  it('runs the same processes as the local stack', () => {
    const names = services.map(([name]) => name);
    expect(names.toSorted()).toEqual([...SERVICE_NAMES, 'init', 'kafka', 'postgres'].toSorted());
  });

  it.each(SERVICE_NAMES)('starts %s from its main file, and asks whether it is ready', (name) => {
    const { command, healthcheck, environment } = compose.services[name] as Composed;
    expect(command?.join(' ')).toContain(`services/${name}/dist/main.js`);
    expect(healthcheck?.test.join(' ')).toContain(SERVICES[name].readyPath);
    expect(environment?.['SERVICE_INSTANCE']).toBe(`${name}-1`);
  });

  it.each(STATEFUL_SERVICES)('gives %s its own database and role', (name) => {
    const environment = (compose.services[name] as Composed).environment ?? {};
    const url = environment['DATABASE_URL'] ?? '';
    expect(url).toContain(`postgres://${roleOf(name)}:`);
    expect(url.endsWith(`/${SERVICES[name].database}`)).toBe(true);
    expect(environment['DATABASE_OWNER_URL']).toBe(url.replace(roleOf(name), 'paylog_owner'));
  });

  it('names nothing that is not there: services waited for, volumes, scripts', () => {
    for (const [, { depends_on: awaited, volumes, command }] of services) {
      for (const other of Object.keys(awaited ?? {}))
        expect(compose.services).toHaveProperty(other);
      for (const volume of volumes ?? []) {
        expect(compose.volumes).toHaveProperty((volume.split(':')[0] as string).trim());
      }
      const script = /(\S+)\/dist\/(\S+)\.js/.exec(command?.join(' ') ?? '');
      if (script === null) continue;
      expect(existsSync(join(repository, `${script[1]}/src/${script[2]}.ts`))).toBe(true);
    }
  });

  it('opens ports on this machine only, each once', () => {
    const ports = services.flatMap(([, { ports: opened }]) => opened ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(new Set(ports).size).toBe(ports.length);
  });
});
