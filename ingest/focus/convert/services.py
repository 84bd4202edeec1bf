"""Which category of FOCUS a provider's service belongs to, for the services that people meet; any other is Other.

The words are the providers' own (AWS: lineItem/ProductCode, Google: service.description, Oracle: product/service,
Azure: the namespace of the resource provider), compared in lower case. Categories: FOCUS 1.2, ServiceCategory.
"""

import polars as pl

OTHER = "Other"
Table = dict[str, str]


def _table(categories: dict[str, str], sign: str | None = None) -> Table:
    return {word.strip().lower(): name for name, words in categories.items() for word in words.split(sign)}


AWS = _table(
    {
        "AI and Machine Learning": """AmazonBedrock AmazonSageMaker AmazonRekognition AmazonTextract AmazonPolly
            AmazonLex AmazonKendra AmazonPersonalize AmazonForecast AmazonFraudDetector comprehend transcribe
            translate AmazonQ""",
        "Analytics": """AmazonAthena AWSGlue AmazonES AmazonKinesis AmazonKinesisFirehose AmazonKinesisAnalytics
            AmazonMSK ElasticMapReduce AmazonQuickSight AWSLakeFormation AmazonCloudSearch datapipeline
            AWSDataExchange""",
        "Business Applications": """AmazonSES AmazonPinpoint AmazonConnect AmazonWorkMail AmazonWorkDocs
            AmazonChime ContactLensAmazonConnect""",
        "Compute": """AmazonEC2 AWSLambda AmazonECS AmazonEKS AmazonECR AmazonECRPublic AmazonLightsail
            AWSAppRunner ComputeSavingsPlans AmazonAppStream AmazonWorkSpaces AWSOutposts AWSFargate""",
        "Databases": """AmazonRDS AmazonDynamoDB AmazonElastiCache AmazonRedshift AmazonDocDB AmazonNeptune
            AmazonMemoryDB AmazonTimestream AmazonMCS AmazonDAX""",
        "Developer Tools": """CodeBuild AWSCodePipeline AWSCodeCommit AWSCodeDeploy AWSCodeArtifact AWSAmplify
            AWSAppSync AWSDeviceFarm CodeGuru AWSXRay AWSCloudShell""",
        "Integration": "AWSQueueService AmazonSNS AmazonMQ AmazonMWAA AmazonStates AppFlow AWSEvents",
        "Internet of Things": "AWSIoT AWSGreengrass AWSIoTAnalytics AWSIoTEvents IoTDeviceManagement IoTDeviceDefender",
        "Management and Governance": """AmazonCloudWatch AWSCloudTrail AWSConfig AWSSystemsManager
            AWSCloudFormation AWSServiceCatalog AmazonGrafana AmazonPrometheus AWSBudgets AWSCostExplorer
            AWSSupportBusiness AWSSupportEnterprise AWSDeveloperSupport""",
        "Media": "AWSElementalMediaConvert AWSElementalMediaLive AWSElementalMediaPackage AmazonIVS AmazonETS",
        "Migration": """AWSDatabaseMigrationSvc AWSDataSync AWSTransfer AWSApplicationMigrationSvc
            AWSMigrationHubRefactorSpaces""",
        "Networking": """AmazonVPC AWSELB AmazonCloudFront AmazonRoute53 AmazonApiGateway AWSDataTransfer
            AWSDirectConnect AWSGlobalAccelerator AWSNetworkFirewall AWSCloudMap AWSCloudWAN""",
        "Security": """awskms AWSSecretsManager AmazonGuardDuty AmazonInspector AmazonInspectorV2 AWSSecurityHub
            awswaf AWSShield AmazonMacie AmazonDetective AmazonCognito AWSCertificateManager AWSDirectoryService
            CloudHSM AmazonSecurityLake AmazonVerifiedPermissions""",
        "Storage": """AmazonS3 AmazonEFS AmazonFSx AmazonGlacier AmazonS3GlacierDeepArchive AWSBackup
            AWSStorageGateway AmazonEBS AWSElasticDisasterRecovery""",
    }
)

GOOGLE = _table(
    {
        "AI and Machine Learning": """Vertex AI; Cloud TPU; Notebooks; Recommendations AI; Cloud AutoML;
            Gemini API; Cloud Natural Language; Cloud Machine Learning Engine""",
        "Analytics": """BigQuery BI Engine; BigQuery Reservation API; Cloud Dataflow; Cloud Composer; Data Catalog;
            Cloud Data Fusion; Cloud Dataproc; Looker Data Platform SaaS""",
        "Compute": """Compute Engine; Kubernetes Engine; Cloud Run; Cloud Run Functions; Cloud Functions;
            App Engine; Artifact Registry; VMware Engine; Anthos""",
        "Databases": """Cloud SQL; BigQuery; Cloud Spanner; Cloud Bigtable; Cloud Firestore;
            Cloud Memorystore for Redis; Cloud Memorystore for Memcached; Datastream; AlloyDB;
            Firebase Realtime Database""",
        "Developer Tools": "Cloud Build; Cloud Scheduler; Cloud Tasks; Workflows; Source Repository; Translate",
        "Integration": """Cloud Pub/Sub; Pub/Sub Lite; API Gateway; Geocoding API; Directions API;
            Places API; Cloud Speech API; Cloud Vision API; Cloud Text-to-Speech API; Cloud Document AI API""",
        "Management and Governance": "Cloud Logging; Cloud Monitoring; Stackdriver; Support",
        "Migration": "BigQuery Data Transfer Service; Transfer Appliance",
        "Mobile": "Firebase; Firebase Hosting; Firebase Test Lab",
        "Networking": "Networking; Cloud DNS; Cloud CDN; Cloud NAT; Cloud Load Balancing",
        "Security": """Secret Manager; Cloud Key Management Service (KMS); Security Command Center;
            reCAPTCHA Enterprise; Certificate Authority Service; Binary Authorization; Identity Platform;
            Firebase Auth; Web Risk; Container Registry Vulnerability Scanning""",
        "Storage": "Cloud Storage; Cloud Filestore; Backup for GKE; BigQuery Storage API; Transfer Service",
        "Web": "Cloud Domains",
    },
    ";",
)

ORACLE = _table(
    {
        "AI and Machine Learning": "AI_SERVICES DATASCIENCE GENERATIVE_AI",
        "Analytics": "ANALYTICS BIG_DATA DATA_FLOW ORACLE_STREAMING_SERVICE",
        "Compute": "COMPUTE FUNCTIONS CONTAINER_ENGINE CONTAINER_INSTANCES",
        "Databases": "DATABASE MYSQL NOSQL REDIS POSTGRESQL AUTONOMOUS_DATABASE",
        "Integration": "INTEGRATION_SERVICE NOTIFICATIONS QUEUE APIGATEWAY",
        "Management and Governance": "TELEMETRY LOGGING MONITORING LOGGING_ANALYTICS",
        "Networking": "NETWORK LOAD_BALANCER DNS FASTCONNECT VPN",
        "Security": "KMS WAF VAULT BASTION DATA_SAFE",
        "Storage": "OBJECTSTORE BLOCK_STORAGE FILE_STORAGE ARCHIVE_STORAGE",
    }
)


def category(word: pl.Expr, table: Table) -> pl.Expr:
    """The category of a service by the provider's word for it; Other where it is not known or not told."""
    return word.str.to_lowercase().replace_strict(table, default=OTHER, return_dtype=pl.String).fill_null(OTHER)
