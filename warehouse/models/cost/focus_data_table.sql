-- One row per charge line of every bill, in the columns of FOCUS 1.2 under their own names, whichever version it came in
-- (x_FocusVersion): what queries written for FOCUS ask. Tags is a map, so that Tags['team'] is the value of a tag. The
-- names of 1.3 stand for those that it replaced and the other way round; the host is told by lines of 1.3, and known of
-- what its provider made itself. ChargeClass is empty, not null, for what is no correction, since such queries say
-- ChargeClass != 'Correction'.
-- grain: x_RowId
-- check: ChargePeriodEnd > ChargePeriodStart
select AvailabilityZone, BilledCost, BillingAccountId, BillingAccountName, BillingAccountType, BillingCurrency,
       BillingPeriodEnd, BillingPeriodStart, CapacityReservationId, CapacityReservationStatus, ChargeCategory,
       coalesce(ChargeClass, '') as ChargeClass, ChargeDescription, ChargeFrequency, ChargePeriodEnd,
       ChargePeriodStart, CommitmentDiscountCategory, CommitmentDiscountId, CommitmentDiscountName,
       CommitmentDiscountQuantity, CommitmentDiscountStatus, CommitmentDiscountType, CommitmentDiscountUnit,
       ConsumedQuantity, ConsumedUnit,
       ContractedCost, ContractedUnitPrice, EffectiveCost, InvoiceId, InvoiceIssuerName,
       ListCost, ListUnitPrice, PricingCategory, PricingCurrency, PricingCurrencyContractedUnitPrice, PricingCurrencyEffectiveCost,
       PricingCurrencyListUnitPrice, PricingQuantity, PricingUnit, ProviderName, PublisherName, RegionId,
       RegionName, ResourceId, ResourceName, ResourceType, ServiceCategory, ServiceName, ServiceSubcategory, SkuId,
       SkuMeter, SkuPriceDetails, SkuPriceId, SubAccountId, SubAccountName, SubAccountType,
       try_cast(try_cast(Tags as json) as map(varchar, varchar)) as Tags,
       coalesce(ServiceProviderName, ProviderName) as ServiceProviderName,
       coalesce(HostProviderName, case when PublisherName = ProviderName then ProviderName end) as HostProviderName,
       x_RowId, x_SourceExport, x_FocusVersion, x_IsEstimated, x_Other, source_instance
from focus_cost
