"""Who is there: teams, applications, components and what depends on what, of an invented property company."""

from dataclasses import dataclass

PEOPLE = (
    "Layla Haddad",
    "Omar Nasser",
    "Priya Menon",
    "Jonas Weber",
    "Mei Lin Tan",
    "Sara Khoury",
    "Daniel Okafor",
    "Elena Petrova",
    "Yusuf Rahman",
    "Carla Mendes",
    "Tariq Aziz",
    "Hannah Becker",
)
BOT = "dependency-bot"


@dataclass(frozen=True)
class Team:
    """A team of the company."""

    team_id: str
    name: str
    parent: str | None
    channel: str | None


@dataclass(frozen=True)
class App:
    """An application; `main` is the component that its deployments change, `needs` what it rests on."""

    app_id: str
    name: str
    type: str
    team: str
    tier: int
    product: str
    major: int
    users: int
    monthly_usd: int
    language: str
    main: str
    needs: str
    stack: tuple[str, str, str, str]
    description: str


@dataclass(frozen=True)
class Part:
    """A component; busy = requests a minute at full load, answer_ms = usual response time (0 = no such measure)."""

    key: str
    name: str
    type: str
    kind: str
    busy: int
    answer_ms: float
    provider: str
    calls: str = ""
    runs_on: str = ""


TEAMS = (
    Team("technology", "Technology", None, "#technology"),
    Team("sales-platform", "Sales Platform", "technology", "#sales-platform"),
    Team("residents", "Resident Experience", "technology", "#residents"),
    Team("payments", "Payments", "technology", "#payments"),
    Team("core-services", "Core Services", "technology", "#core-services"),
    Team("data", "Data and Analytics", "technology", "#data"),
)

_WEB = ("React, TypeScript", "Node.js", "MongoDB, Redis", "AWS EKS, CloudFront")
_JVM = ("", "Java, Spring Boot", "PostgreSQL", "AWS EKS")
_PY = ("", "Python, FastAPI", "PostgreSQL, Redis", "AWS EKS")

# fmt: off
APPS = (
    App("damac-hills-2-crm", "DAMAC Hills 2 CRM", "web", "sales-platform", 1, "Sales", 2, 840, 9200, "TypeScript",
        "damac-crm-api", "react-frontend mongodb-cluster redis-cache crm-search-api cdn-edge auth-service", _WEB,
        "Leads, units and contracts of the DAMAC Hills 2 community."),
    App("property-manager-ios", "Property Manager Mobile (iOS)", "mobile_ios", "residents", 2, "Residents", 4,
        5200, 1900, "Swift", "mobile-bff", "apple-push booking-api maps-api",
        ("SwiftUI", "Node.js", "PostgreSQL", "AWS EKS"),
        "Service requests, visitors and bills for residents, on iPhone."),
    App("property-manager-android", "Property Manager Mobile (Android)", "mobile_android", "residents", 2, "Residents",
        4, 6900, 1800, "Kotlin", "mobile-bff", "booking-api maps-api",
        ("Jetpack Compose", "Node.js", "PostgreSQL", "AWS EKS"),
        "Service requests, visitors and bills for residents, on Android."),
    App("whatsapp-crm", "WhatsApp CRM", "web", "sales-platform", 1, "Sales", 1, 410, 5200, "TypeScript",
        "whatsapp-webhooks", "whatsapp-business-api mongodb-cluster redis-cache", _WEB,
        "Conversations with buyers over WhatsApp, next to their leads."),
    App("payment-system", "Payment System", "api", "payments", 1, "Payments", 3, 1300, 6100, "Java",
        "payment-api", "checkout payment-gateway payments-db auth-service", _JVM,
        "Instalments, service charges and refunds."),
    App("mobile-app-v2", "Mobile App V2", "mobile_ios", "residents", 2, "Residents", 2, 2300, 2400, "Dart",
        "mobile-bff", "auth-service media-cdn maps-api", ("Flutter", "Node.js", "PostgreSQL", "AWS EKS"),
        "The coming app that joins sales and residents in one place."),
    App("owner-portal", "Owner Portal", "web", "residents", 2, "Residents", 3, 1750, 2700, "TypeScript",
        "owner-portal-web", "postgresql-primary document-api payment-api cdn-edge", _WEB,
        "Statements, handover and documents for owners."),
    App("booking-api", "Booking API", "api", "residents", 2, "Residents", 1, 3100, 2600, "Java",
        "booking-api", "postgresql-primary redis-cache sms-gateway", _JVM, "Viewings, amenities and move-in slots."),
    App("analytics-hub", "Analytics Hub", "web", "data", 3, "Insight", 1, 160, 5600, "Python",
        "analytics-api", "clickhouse-analytics batch-01", ("React, TypeScript", "Python", "ClickHouse", "AWS EC2"),
        "Sales, occupancy and campaign figures for management."),
    App("identity-service", "Identity Service", "microservice", "core-services", 1, "Platform", 5, 9800, 2100, "Java",
        "auth-service", "keycloak-db redis-cache", _JVM, "Sign-in and permissions for every application."),
    App("notification-service", "Notification Service", "microservice", "core-services", 2, "Platform", 2, 7400, 2300,
        "Go", "notification-api", "sms-gateway email-delivery apple-push redis-cache",
        ("", "Go", "Redis", "AWS EKS"), "E-mail, SMS and push messages."),
    App("document-service", "Document Service", "microservice", "core-services", 3, "Platform", 1, 620, 1900, "Python",
        "document-api", "postgresql-primary kyc-provider", _PY, "Contracts and identity papers, kept and rendered."),
    App("admin-console", "Admin Console", "web", "core-services", 3, "Platform", 1, 95, 1100, "TypeScript",
        "admin-console-web", "admin-api auth-service", _WEB, "Back office for operators."),
    App("lead-scoring", "Lead Scoring", "microservice", "data", 3, "Insight", 1, 70, 3100, "Python",
        "lead-scoring-api", "clickhouse-analytics mongodb-cluster", _PY, "Tells sales which lead to call first."),
)

PARTS = (
    Part("damac-crm-api", "DAMAC CRM API", "api", "k8s_workload", 2400, 145, "aws",
         "mongodb-cluster redis-cache auth-service crm-search-api", "app-01"),
    Part("crm-search-api", "Search API", "api", "k8s_workload", 1300, 62, "aws", "opensearch-index", "app-02"),
    Part("auth-service", "Auth Service", "api", "k8s_workload", 5200, 38, "aws", "keycloak-db redis-cache", "app-01"),
    Part("booking-api", "Booking API", "api", "k8s_workload", 900, 120, "aws", "postgresql-primary", "app-02"),
    Part("payment-api", "Payment API", "api", "k8s_workload", 620, 210, "aws", "payment-gateway payments-db", "app-03"),
    Part("checkout", "Checkout Service", "api", "k8s_workload", 310, 260, "aws", "payment-api auth-service", "app-03"),
    Part("notification-api", "Notification API", "api", "k8s_workload", 1500, 55, "aws",
         "sms-gateway email-delivery apple-push", "app-04"),
    Part("document-api", "Document API", "api", "k8s_workload", 240, 340, "aws", "postgresql-primary kyc-provider",
         "app-04"),
    Part("whatsapp-webhooks", "WhatsApp Webhook Receiver", "api", "k8s_workload", 1100, 48, "aws",
         "whatsapp-business-api mongodb-cluster", "app-02"),
    Part("mobile-bff", "Mobile BFF", "api", "k8s_workload", 3100, 130, "aws",
         "booking-api auth-service payment-api", "app-04"),
    Part("analytics-api", "Analytics API", "api", "k8s_workload", 90, 720, "aws", "clickhouse-analytics", "node-01"),
    Part("lead-scoring-api", "Lead Scoring API", "api", "k8s_workload", 140, 410, "aws", "mongodb-cluster", "node-02"),
    Part("admin-api", "Admin API", "api", "k8s_workload", 60, 160, "aws", "postgresql-primary", "node-01"),
    Part("react-frontend", "React Frontend", "api", "frontend", 1900, 88, "aws", "damac-crm-api", "lb-01"),
    Part("owner-portal-web", "Owner Portal Web", "api", "frontend", 700, 105, "aws",
         "document-api payment-api", "lb-01"),
    Part("admin-console-web", "Admin Console Web", "api", "frontend", 45, 95, "aws", "admin-api", "lb-01"),
    Part("mongodb-cluster", "MongoDB Cluster", "database", "db_instance", 8200, 6.5, "mongodb_atlas"),
    Part("postgresql-primary", "PostgreSQL Primary", "database", "db_instance", 5100, 4.2, "aws"),
    Part("postgresql-replica", "PostgreSQL Replica", "database", "db_instance", 2600, 4.8, "aws"),
    Part("redis-cache", "Redis Cache", "database", "db_instance", 21000, 0.9, "aws"),
    Part("payments-db", "Payments Database", "database", "db_instance", 1400, 5.1, "aws"),
    Part("clickhouse-analytics", "Analytics Warehouse", "database", "db_instance", 120, 380, "aws"),
    Part("opensearch-index", "Search Index", "database", "db_instance", 1700, 21, "aws"),
    Part("keycloak-db", "Identity Database", "database", "db_instance", 2300, 3.6, "aws"),
    Part("cdn-edge", "CDN Edge", "cdn", "cdn", 14500, 24, "cloudflare"),
    Part("media-cdn", "Media CDN", "cdn", "cdn", 6300, 31, "cloudflare"),
    Part("payment-gateway", "Payment Gateway", "third_party", "third_party", 260, 480, "network_payments"),
    Part("whatsapp-business-api", "WhatsApp Business API", "third_party", "messaging_channel", 900, 230, "meta"),
    Part("sms-gateway", "SMS Gateway", "third_party", "messaging_channel", 190, 310, "sms_partner"),
    Part("email-delivery", "E-mail Delivery", "third_party", "messaging_channel", 420, 180, "mail_partner"),
    Part("maps-api", "Maps API", "third_party", "third_party", 650, 95, "maps_partner"),
    Part("apple-push", "Push Notification Service", "third_party", "third_party", 800, 70, "apple"),
    Part("kyc-provider", "Identity Check Provider", "third_party", "third_party", 25, 940, "kyc_partner"),
    *(Part(f"app-0{n}", f"app-0{n}", "server", "vm", 0, 0, "aws") for n in range(1, 5)),
    Part("worker-01", "worker-01", "server", "vm", 0, 0, "aws"),
    Part("worker-02", "worker-02", "server", "vm", 0, 0, "aws"),
    Part("node-01", "node-01", "server", "k8s_node", 0, 0, "aws"),
    Part("node-02", "node-02", "server", "k8s_node", 0, 0, "aws"),
    Part("lb-01", "lb-01", "server", "load_balancer", 0, 0, "aws"),
    Part("batch-01", "batch-01", "server", "vm", 0, 0, "aws"),
    Part("backup-01", "backup-01", "server", "host", 0, 0, "on_premises"),
    Part("legacy-ftp", "legacy-ftp server", "server", "host", 0, 0, "on_premises"),
    Part("booking-worker", "Booking Worker", "api", "k8s_workload", 45, 85, "aws", "postgresql-primary", "node-02"),
    Part("lead-scoring-batch", "Lead Scoring Batch", "api", "k8s_workload", 30, 450, "aws", "clickhouse-analytics",
         "batch-01"),
)
# What nobody linked although its name says whose it is, and an application that nobody looks after any more.
UNOWNED = ("booking-worker", "lead-scoring-batch")
STRAY_REPOSITORY = "owner-portal-statements"
ORPHAN = App("legacy-intranet", "Legacy Intranet", "web", "data", 4, "Platform", 0, 0, 0, "", "", "", ("", "", "", ""),
             "Forms and phone lists of before; switched off once the last form has moved.")
# fmt: on

DB_SYSTEMS = {
    "mongodb-cluster": "mongodb",
    "redis-cache": "redis",
    "clickhouse-analytics": "clickhouse",
    "opensearch-index": "opensearch",
}
PROBED = {
    "react-frontend": "https://crm.example.com",
    "owner-portal-web": "https://owners.example.com",
    "admin-console-web": "https://admin.example.com",
    "booking-api": "https://booking.example.com/health",
    "auth-service": "https://login.example.com/health",
    "checkout": "https://pay.example.com/health",
    "payment-gateway": "https://gateway.example.com/ping",
}
APP = {app.app_id: app for app in APPS}
PART = {part.key: part for part in PARTS}
PRODUCTS = tuple(dict.fromkeys(app.product for app in APPS))


def slug(name: str) -> str:
    """The name as an id: lower case, hyphens for spaces."""
    return name.lower().replace(" ", "-")


def apps_of(component: str) -> list[str]:
    """Ids of the applications that rest on the component, the one that owns it first."""
    owners = [app.app_id for app in APPS if app.main == component]
    return owners + [app.app_id for app in APPS if component in app.needs.split() and app.main != component]
