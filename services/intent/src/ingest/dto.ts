import { CURRENCIES } from '@paylog/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { REFUND_RULES, type RefundRule } from '@paylog/payment-domain';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

const NAME = /^\S(.{0,62}\S)?$/;

/** Integer minor units as a decimal string: `{ "minor": "1000", "currency": "EUR" }` is ten euros. */
export class MoneyDto {
  @ApiProperty({ example: '1000', description: 'Minor units, a decimal string.' })
  @Matches(/^[1-9][0-9]{0,14}$/, { message: '$property must be a positive whole number as text' })
  minor!: string;

  @ApiProperty({ example: 'EUR', description: 'ISO 4217.' })
  @IsIn([...CURRENCIES], { message: '$property must be an ISO 4217 currency' })
  currency!: string;
}

/** Exactly one of the two. */
export class ShareSizeDto {
  @ApiPropertyOptional({
    type: MoneyDto,
    description: 'Of the amount; of a part of it, that part.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => MoneyDto)
  @IsObjectGiven()
  amount?: MoneyDto;

  @ApiPropertyOptional({ example: 8000, description: 'Hundredths of a percent, 1 to 10000.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  basisPoints?: number;
}

export class SplitDto extends ShareSizeDto {
  @ApiProperty({ example: 'seller-7' })
  @Matches(NAME, { message: '$property must be 1 to 64 characters' })
  participant!: string;
}

export class RefundAllocationDto implements RefundRule {
  @ApiProperty({ enum: REFUND_RULES })
  @IsIn([...REFUND_RULES])
  rule!: RefundRule['rule'];

  @ApiPropertyOptional({ description: 'Of `participant_first`.' })
  @IsOptional()
  @Matches(NAME, { message: '$property must be 1 to 64 characters' })
  participant?: string;
}

export class PlaceIntentDto {
  @ApiPropertyOptional({ description: 'Needed with an operator’s key only.' })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,63}$/, { message: '$property must be a storefront’s name' })
  storefront?: string;

  @ApiProperty({ example: 'order-1001' })
  @Matches(NAME, { message: '$property must be 1 to 64 characters' })
  orderId!: string;

  @ApiPropertyOptional({ default: 1, description: 'The shopper’s next try is the next attempt.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(999)
  attempt?: number;

  @ApiProperty({ type: MoneyDto })
  @ValidateNested()
  @Type(() => MoneyDto)
  @IsObjectGiven()
  amount!: MoneyDto;

  @ApiPropertyOptional({ enum: ['automatic', 'manual'], default: 'automatic' })
  @IsOptional()
  @IsIn(['automatic', 'manual'])
  captureMode?: 'automatic' | 'manual';

  @ApiProperty({ example: 'pm_card_visa', description: 'The gateway’s token, no card number.' })
  @Matches(/^\S{1,255}$/, { message: '$property must be a token of the gateway' })
  paymentMethod!: string;

  @ApiPropertyOptional({
    description: 'The gateway’s name of the customer. Deleted with the attempt.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 128)
  customerReference?: string;

  @ApiPropertyOptional({ description: 'Default: the account the storefront is configured for.' })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,63}$/, { message: '$property must be an account’s name' })
  account?: string;

  @ApiPropertyOptional({
    enum: ['whole', 'parts'],
    default: 'whole',
    description: 'May goods go part by part, as captures come?',
  })
  @IsOptional()
  @IsIn(['whole', 'parts'])
  shipping?: 'whole' | 'parts';

  @ApiPropertyOptional({
    type: [SplitDto],
    description: 'Who shares in what is captured; the storefront has what is left.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => SplitDto)
  splits?: SplitDto[];

  @ApiPropertyOptional({
    type: ShareSizeDto,
    description: 'Kept by the platform and taken off first: percentages are of what it leaves.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => ShareSizeDto)
  @IsObject()
  platformFee?: ShareSizeDto;

  @ApiPropertyOptional({
    type: RefundAllocationDto,
    description: 'Who bears refunds and lost disputes. Default: everybody in proportion.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => RefundAllocationDto)
  @IsObject()
  refundAllocation?: RefundAllocationDto;

  @ApiPropertyOptional({
    description: 'Where a redirect leads back to. Coming back proves nothing.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  @MaxLength(1000)
  returnUrl?: string;
}

class ReferenceDto {
  @ApiProperty({ description: 'Unique per payment: the same reference is the same operation.' })
  @Matches(NAME, { message: '$property must be 1 to 64 characters' })
  reference!: string;
}

export class CaptureDto extends ReferenceDto {
  @ApiPropertyOptional({ type: MoneyDto, description: 'Default: what is held and not captured.' })
  @IsOptional()
  @ValidateNested()
  @Type(() => MoneyDto)
  @IsObjectGiven()
  amount?: MoneyDto;

  @ApiPropertyOptional({
    default: true,
    description: 'False: more captures follow. Else the gateway lets go of what is left.',
  })
  @IsOptional()
  @IsBoolean()
  final?: boolean;
}

export class IncrementDto extends ReferenceDto {
  @ApiProperty({ type: MoneyDto, description: 'What is added to what is held.' })
  @ValidateNested()
  @Type(() => MoneyDto)
  @IsObjectGiven()
  amount!: MoneyDto;
}

export class RefundDto extends ReferenceDto {
  @ApiPropertyOptional({
    type: MoneyDto,
    description: 'Default: what was captured and not given back.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => MoneyDto)
  @IsObjectGiven()
  amount?: MoneyDto;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

export class SwitchDto {
  @ApiProperty({ description: 'True: no new authorizations, captures and refunds.' })
  @IsBoolean()
  stopped!: boolean;

  @ApiProperty()
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** `@ValidateNested` lets a missing or primitive value through. */
function IsObjectGiven(): PropertyDecorator {
  return IsObject({ message: '$property must be { minor, currency }' });
}
