-- The legacy platform as its ORM made it: PascalCase tables, camelCase columns, text keys, no checks.
CREATE TYPE "Role" AS ENUM ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER');
CREATE TYPE "ProductStatus" AS ENUM ('DRAFT', 'ACTIVE', 'ARCHIVED');
CREATE TYPE "OrderStatus" AS ENUM ('PENDING', 'PAYMENT_FAILED', 'PAID', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELED', 'REFUNDED');
CREATE TYPE "PaymentStatus" AS ENUM ('PENDING', 'AUTHORIZED', 'PAID', 'FAILED', 'REFUNDED', 'DISPUTED');
CREATE TYPE "PaymentMethod" AS ENUM ('CREDIT_CARD', 'DEBIT_CARD', 'MOBILE_BANKING', 'BANK_TRANSFER', 'CASH_ON_DELIVERY');
CREATE TYPE "PaymentGateway" AS ENUM ('STRIPE', 'SSLCOMMERZ', 'MANUAL');
CREATE TYPE "InventoryStatus" AS ENUM ('IN_STOCK', 'LOW_STOCK', 'OUT_OF_STOCK', 'DISCONTINUED');
CREATE TYPE "DiscountType" AS ENUM ('PERCENTAGE', 'FIXED', 'FREE_SHIPPING');
CREATE TYPE "SubscriptionPlan" AS ENUM ('FREE', 'BASIC', 'PRO', 'ENTERPRISE');
CREATE TYPE "SubscriptionStatus" AS ENUM ('TRIAL', 'ACTIVE', 'PAST_DUE', 'CANCELED', 'PAUSED');
CREATE TABLE "User" (
  "id" text PRIMARY KEY, "name" text, "email" text UNIQUE, "emailVerified" timestamp(3), "image" text,
  "passwordHash" text, "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "Account" (
  "id" text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE ON UPDATE CASCADE,
  "type" text NOT NULL, "provider" text NOT NULL, "providerAccountId" text NOT NULL, "refresh_token" text,
  "access_token" text, "expires_at" integer, "token_type" text, "scope" text, "id_token" text, "session_state" text,
  UNIQUE ("provider", "providerAccountId"));
CREATE INDEX ON "Account" ("userId");
CREATE TABLE "Session" (
  "id" text PRIMARY KEY, "sessionToken" text NOT NULL UNIQUE,
  "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE ON UPDATE CASCADE, "expires" timestamp(3) NOT NULL);
CREATE TABLE "VerificationToken" (
  "identifier" text NOT NULL, "token" text NOT NULL UNIQUE, "expires" timestamp(3) NOT NULL,
  UNIQUE ("identifier", "token"));
CREATE TABLE "Organization" (
  "id" text PRIMARY KEY, "name" text NOT NULL, "slug" text NOT NULL UNIQUE, "image" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "Membership" (
  "id" text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE ON UPDATE CASCADE,
  "organizationId" text NOT NULL REFERENCES "Organization" ON DELETE CASCADE ON UPDATE CASCADE,
  "role" "Role" NOT NULL DEFAULT 'MEMBER', "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL, UNIQUE ("userId", "organizationId"));
CREATE TABLE "Store" (
  "id" text PRIMARY KEY,
  "organizationId" text NOT NULL UNIQUE REFERENCES "Organization" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "slug" text NOT NULL UNIQUE, "email" text NOT NULL, "description" text, "logo" text,
  "phone" text, "website" text, "address" text, "city" text, "state" text, "postalCode" text,
  "country" text NOT NULL DEFAULT 'US', "currency" text NOT NULL DEFAULT 'USD',
  "timezone" text NOT NULL DEFAULT 'UTC', "locale" text NOT NULL DEFAULT 'en',
  "subscriptionPlan" "SubscriptionPlan" NOT NULL DEFAULT 'FREE',
  "subscriptionStatus" "SubscriptionStatus" NOT NULL DEFAULT 'TRIAL', "trialEndsAt" timestamp(3),
  "subscriptionEndsAt" timestamp(3), "productLimit" integer NOT NULL DEFAULT 10,
  "orderLimit" integer NOT NULL DEFAULT 100, "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3));
CREATE INDEX ON "Store" ("slug");
CREATE INDEX ON "Store" ("subscriptionPlan");
CREATE INDEX ON "Store" ("subscriptionStatus");
CREATE TABLE "Category" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "slug" text NOT NULL, "description" text, "image" text,
  "parentId" text REFERENCES "Category" ON DELETE SET NULL ON UPDATE CASCADE, "metaTitle" text,
  "metaDescription" text, "isPublished" boolean NOT NULL DEFAULT true, "sortOrder" integer NOT NULL DEFAULT 0,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3),
  UNIQUE ("storeId", "slug"));
CREATE INDEX ON "Category" ("storeId", "parentId");
CREATE INDEX ON "Category" ("storeId", "isPublished");
CREATE INDEX ON "Category" ("parentId", "sortOrder");
CREATE TABLE "Brand" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "slug" text NOT NULL, "description" text, "logo" text, "website" text, "metaTitle" text,
  "metaDescription" text, "isPublished" boolean NOT NULL DEFAULT true,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3),
  UNIQUE ("storeId", "slug"));
CREATE INDEX ON "Brand" ("storeId", "isPublished");
CREATE TABLE "Product" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "slug" text NOT NULL, "sku" text NOT NULL, "description" text, "shortDescription" text,
  "barcode" text, "price" double precision NOT NULL, "compareAtPrice" double precision,
  "costPrice" double precision, "trackInventory" boolean NOT NULL DEFAULT true,
  "inventoryQty" integer NOT NULL DEFAULT 0, "lowStockThreshold" integer NOT NULL DEFAULT 5,
  "inventoryStatus" "InventoryStatus" NOT NULL DEFAULT 'IN_STOCK', "weight" double precision,
  "length" double precision, "width" double precision, "height" double precision,
  "categoryId" text REFERENCES "Category" ON DELETE SET NULL ON UPDATE CASCADE,
  "brandId" text REFERENCES "Brand" ON DELETE SET NULL ON UPDATE CASCADE, "images" text NOT NULL,
  "thumbnailUrl" text, "metaTitle" text, "metaDescription" text, "metaKeywords" text,
  "status" "ProductStatus" NOT NULL DEFAULT 'DRAFT', "publishedAt" timestamp(3),
  "isFeatured" boolean NOT NULL DEFAULT false, "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3), UNIQUE ("storeId", "sku"), UNIQUE ("storeId", "slug"));
CREATE INDEX ON "Product" ("storeId", "status");
CREATE INDEX ON "Product" ("storeId", "categoryId");
CREATE INDEX ON "Product" ("storeId", "brandId");
CREATE INDEX ON "Product" ("categoryId", "status");
CREATE INDEX ON "Product" ("brandId", "status");
CREATE TABLE "ProductVariant" (
  "id" text PRIMARY KEY, "productId" text NOT NULL REFERENCES "Product" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "sku" text NOT NULL UNIQUE, "barcode" text, "price" double precision,
  "compareAtPrice" double precision, "inventoryQty" integer NOT NULL DEFAULT 0,
  "lowStockThreshold" integer NOT NULL DEFAULT 5, "weight" double precision, "image" text, "options" text NOT NULL,
  "isDefault" boolean NOT NULL DEFAULT false, "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL);
CREATE INDEX ON "ProductVariant" ("productId");
CREATE INDEX ON "ProductVariant" ("productId", "isDefault");
CREATE TABLE "ProductAttribute" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "name" text NOT NULL, "values" text NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL, UNIQUE ("storeId", "name"));
CREATE INDEX ON "ProductAttribute" ("storeId");
CREATE INDEX ON "ProductAttribute" ("name");
CREATE TABLE "ProductAttributeValue" (
  "id" text PRIMARY KEY, "productId" text NOT NULL REFERENCES "Product" ON DELETE CASCADE ON UPDATE CASCADE,
  "attributeId" text NOT NULL REFERENCES "ProductAttribute" ON DELETE CASCADE ON UPDATE CASCADE,
  "value" text NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX ON "ProductAttributeValue" ("productId", "attributeId");
CREATE TABLE "Customer" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "userId" text UNIQUE REFERENCES "User" ON DELETE SET NULL ON UPDATE CASCADE, "email" text NOT NULL,
  "firstName" text NOT NULL, "lastName" text NOT NULL, "phone" text,
  "acceptsMarketing" boolean NOT NULL DEFAULT false, "marketingOptInAt" timestamp(3),
  "totalOrders" integer NOT NULL DEFAULT 0, "totalSpent" double precision NOT NULL DEFAULT 0,
  "averageOrderValue" double precision NOT NULL DEFAULT 0, "lastOrderAt" timestamp(3),
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3),
  UNIQUE ("storeId", "email"));
CREATE INDEX ON "Customer" ("storeId", "userId");
CREATE INDEX ON "Customer" ("storeId", "email");
CREATE TABLE "Order" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "customerId" text REFERENCES "Customer" ON DELETE SET NULL ON UPDATE CASCADE, "orderNumber" text NOT NULL,
  "status" "OrderStatus" NOT NULL DEFAULT 'PENDING', "subtotal" double precision NOT NULL,
  "taxAmount" double precision NOT NULL DEFAULT 0, "shippingAmount" double precision NOT NULL DEFAULT 0,
  "discountAmount" double precision NOT NULL DEFAULT 0, "totalAmount" double precision NOT NULL,
  "discountCode" text, "paymentMethod" "PaymentMethod", "paymentGateway" "PaymentGateway",
  "paymentStatus" "PaymentStatus" NOT NULL DEFAULT 'PENDING', "shippingMethod" text, "trackingNumber" text,
  "trackingUrl" text, "shippingAddress" text, "billingAddress" text, "fulfilledAt" timestamp(3),
  "canceledAt" timestamp(3), "cancelReason" text, "customerNote" text, "adminNote" text, "ipAddress" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3),
  UNIQUE ("storeId", "orderNumber"));
CREATE INDEX ON "Order" ("storeId", "customerId");
CREATE INDEX ON "Order" ("storeId", "status");
CREATE INDEX ON "Order" ("storeId", "createdAt");
CREATE INDEX ON "Order" ("orderNumber");
CREATE INDEX ON "Order" ("paymentStatus");
CREATE TABLE "OrderItem" (
  "id" text PRIMARY KEY, "orderId" text NOT NULL REFERENCES "Order" ON DELETE CASCADE ON UPDATE CASCADE,
  "productId" text REFERENCES "Product" ON DELETE SET NULL ON UPDATE CASCADE,
  "variantId" text REFERENCES "ProductVariant" ON DELETE SET NULL ON UPDATE CASCADE, "productName" text NOT NULL,
  "variantName" text, "sku" text NOT NULL, "image" text, "price" double precision NOT NULL,
  "quantity" integer NOT NULL, "subtotal" double precision NOT NULL,
  "taxAmount" double precision NOT NULL DEFAULT 0, "discountAmount" double precision NOT NULL DEFAULT 0,
  "totalAmount" double precision NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) NOT NULL);
CREATE INDEX ON "OrderItem" ("orderId");
CREATE INDEX ON "OrderItem" ("productId");
CREATE TABLE "Review" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL,
  "productId" text NOT NULL REFERENCES "Product" ON DELETE CASCADE ON UPDATE CASCADE,
  "customerId" text REFERENCES "Customer" ON DELETE SET NULL ON UPDATE CASCADE, "rating" integer NOT NULL,
  "title" text, "comment" text NOT NULL, "images" text, "isApproved" boolean NOT NULL DEFAULT false,
  "approvedAt" timestamp(3), "isVerifiedPurchase" boolean NOT NULL DEFAULT false,
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL, "deletedAt" timestamp(3));
CREATE INDEX ON "Review" ("storeId", "productId");
CREATE INDEX ON "Review" ("productId", "isApproved", "createdAt");
CREATE INDEX ON "Review" ("customerId", "createdAt");
CREATE TABLE "InventoryLog" (
  "id" text PRIMARY KEY, "storeId" text NOT NULL REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "productId" text NOT NULL REFERENCES "Product" ON DELETE CASCADE ON UPDATE CASCADE,
  "previousQty" integer NOT NULL, "newQty" integer NOT NULL, "changeQty" integer NOT NULL, "reason" text NOT NULL,
  "note" text, "userId" text REFERENCES "User" ON DELETE SET NULL ON UPDATE CASCADE,
  "createdAt" timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX ON "InventoryLog" ("storeId", "productId", "createdAt");
CREATE INDEX ON "InventoryLog" ("productId", "createdAt");
CREATE INDEX ON "InventoryLog" ("userId", "createdAt");
CREATE TABLE "audit_logs" (
  "id" text PRIMARY KEY, "storeId" text REFERENCES "Store" ON DELETE CASCADE ON UPDATE CASCADE,
  "userId" text REFERENCES "User" ON DELETE SET NULL ON UPDATE CASCADE, "action" text NOT NULL,
  "entityType" text NOT NULL, "entityId" text NOT NULL, "changes" text, "ipAddress" text, "userAgent" text,
  "createdAt" timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX ON "audit_logs" ("storeId", "createdAt");
CREATE INDEX ON "audit_logs" ("userId", "createdAt");
CREATE INDEX ON "audit_logs" ("entityType", "entityId", "createdAt");
CREATE TABLE "Project" (
  "id" text PRIMARY KEY, "name" text NOT NULL, "description" text, "slug" text NOT NULL UNIQUE,
  "status" text NOT NULL DEFAULT 'planning', "organizationId" text NOT NULL REFERENCES "Organization"
  ON DELETE CASCADE ON UPDATE CASCADE, "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "ProjectMember" (
  "id" text PRIMARY KEY, "projectId" text NOT NULL REFERENCES "Project" ON DELETE CASCADE ON UPDATE CASCADE,
  "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE ON UPDATE CASCADE, "role" text NOT NULL DEFAULT 'member',
  "createdAt" timestamp(3) NOT NULL DEFAULT now(), UNIQUE ("projectId", "userId"));
