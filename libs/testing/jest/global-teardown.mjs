export default async function tearDown() {
  await globalThis.paylogTestStack?.stop();
  globalThis.paylogTestStack = undefined;
}
