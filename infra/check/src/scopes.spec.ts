import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const SERVED = ['services', 'libs/service'];
const ROUTE = /@(Get|Post|Put|Patch|Delete|Sse)\(/;
const SAYS = /@(RequireScopes|Public|ForFinance)\(/;

/** The routes in a controller's source that say neither which scopes they want nor that they are open. */
function silentRoutes(source: string): string[] {
  const [head = '', ...rest] = source.split(/export class |^ {2}return class |\n\s*class /m);
  return rest.flatMap((body, index) => {
    // Decorators of a class stand before its name: behind the end of the class before.
    const above = index === 0 ? head : (rest[index - 1] ?? '').split(/\n}\n/).at(-1);
    if (SAYS.test(above ?? '')) return [];
    const handlers = body.split(/\n {2}(?=@)(?<=\n\n {2}|\{\n {2}|\*\/\n {2})/);
    return handlers
      .filter((handler) => ROUTE.test(handler) && !SAYS.test(handler))
      .map((handler) => handler.trim().split('\n')[0] ?? '');
  });
}

function controllers(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(({ name, parentPath }) => name.endsWith('.ts') && !/dist|node_modules/.test(parentPath))
    .filter(({ name }) => !/\.spec\.ts$|\.d\.ts$/.test(name))
    .map(({ name, parentPath }) => join(parentPath, name))
    .filter((file) => readFileSync(file, 'utf8').includes('@Controller('));
}

describe('every route of a service', () => {
  it('says which scopes it wants, or that it is open', () => {
    const files = SERVED.flatMap(controllers).filter((file) => !file.includes('sandbox-gateway'));
    expect(files.length).toBeGreaterThan(10);
    const silent = files.flatMap((file) =>
      silentRoutes(readFileSync(file, 'utf8')).map((route) => `${file}: ${route}`),
    );
    expect(silent).toEqual([]);
  });

  it('is found out when it says nothing', () => {
    const silent = `@Controller('a')\nexport class A {\n  @Get()\n  @RequireScopes('x')\n  one() {}\n\n  @Get(':id')\n  two() {}\n}\n`;
    expect(silentRoutes(silent)).toEqual(["@Get(':id')"]);
    expect(silentRoutes(silent.replace("@Controller('a')", "@Controller('a')\n@Public()"))).toEqual(
      [],
    );
  });
});
