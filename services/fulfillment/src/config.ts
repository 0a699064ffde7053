import { readConfig } from '@paylog/http';
import { BASE_SETTINGS } from '@paylog/service';

export const config = () => readConfig(BASE_SETTINGS);
