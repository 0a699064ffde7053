import { Matches } from 'class-validator';

/** Which payment a path names. */
export class PaymentPath {
  @Matches(/^pay[a-z2-7]{26}$/, { message: 'paymentId is `pay` and 26 base32 characters' })
  paymentId!: string;
}
