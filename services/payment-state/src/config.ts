import { readConfig, secret } from '@paylog/http';
import { BASE_SETTINGS } from '@paylog/service';

export const config = () =>
  readConfig({ ...BASE_SETTINGS, readTokenPublicKey: secret('READ_TOKEN_PUBLIC_KEY') });
