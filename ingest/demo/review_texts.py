"""What people write in the stores, by language: under three stars, three, over three; in the wave; what is answered."""

REMARKS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "The bill page takes forever to load and then times out.",
            "Paid my service charge twice and nobody from support answered.",
            "No notification when my visitor arrived, so he waited at the gate.",
            "I have to log in again every day. Annoying.",
            "Why are there ads in an app that I pay for?",
        ),
        (
            "It works, but the loading is slow in the evening.",
            "Not bad, but notifications come late.",
            "Okay app. Please add the Arabic language to the bills.",
            "The visitor pass is good, payment by card is confusing.",
        ),
        (
            "Great app, the visitor pass is easy to use.",
            "Love it. Service requests are answered the same day.",
            "Excellent, paying bills takes a minute now.",
            "Very good since the last update, thank you!",
            "Helpful and fast. 👍",
        ),
    ),
    "ar": (
        (
            "التطبيق بطيء جدًا والتحميل لا ينتهي.",
            "دفعت الفاتورة مرتين ولا يوجد رد من خدمة العملاء.",
            "لا تصلني الإشعارات عند وصول الزائر.",
            "أحتاج إلى تسجيل الدخول كل يوم، مشكلة كبيرة.",
        ),
        (
            "التطبيق جيد لكن الترجمة تحتاج إلى تحسين.",
            "ليس سيئًا، لكن الإشعارات تتأخر.",
            "يعمل، لكن الدفع بالبطاقة معقد.",
        ),
        (
            "تطبيق ممتاز وسهل الاستخدام، شكرًا لكم.",
            "رائع! تصريح الزائر خلال دقيقة.",
            "أفضل تطبيق لإدارة السكن، مفيد جدًا.",
        ),
    ),
    "de": (
        ("Sehr langsam, die Rechnungen laden ewig.", "Keine Benachrichtigung, wenn Besuch kommt."),
        ("Funktioniert, aber die Anmeldung ist umständlich.", "Nicht schlecht, die Übersetzung ist holprig."),
        ("Super App, der Besucherausweis ist sehr praktisch.", "Tolle Übersicht über alle Rechnungen, danke!"),
    ),
    "fr": (
        ("Trop lent, le chargement des factures n'en finit pas.", "Le paiement par carte bancaire est refusé."),
        ("Pas mal, mais les notifications arrivent en retard.", "Ça marche, la traduction reste à revoir."),
        ("Excellente application, très pratique pour les visiteurs.", "J'adore, merci à l'équipe !"),
    ),
    "es": (
        ("Muy lenta, tarda mucho en cargar las facturas.", "No llegan las notificaciones de visitas."),
        ("Funciona, pero el pago con tarjeta es confuso.", "No está mal, falta mejorar la traducción."),
        ("Excelente aplicación, muy buena para las visitas.", "Me encanta, todo en un solo sitio. ¡Gracias!"),
    ),
}  # fmt: skip
TROUBLE: dict[str, tuple[str, ...]] = {
    "en": (
        "Crashes as soon as I log in since the update.",
        "The app keeps closing after the login screen. Useless now.",
        "Crash on every visitor pass. Please roll this version back!",
        "Since the update it crashes and logs me out. I can't let my guests in.",
        "Can't sign in any more: it freezes, then a black screen.",
    ),
    "ar": (
        "التطبيق يتعطّل عند تسجيل الدخول بعد التحديث الأخير.",
        "بعد التحديث التطبيق يغلق من نفسه، لا أستطيع الدخول.",
        "كراش في كل مرة أفتح تصريح الزائر!",
    ),
    "de": (
        "Seit dem Update stürzt die App bei der Anmeldung ab.",
        "Absturz bei jedem Besucherausweis, nach dem Einloggen geht nichts mehr.",
    ),
    "fr": ("Depuis la mise à jour, l'application plante à la connexion.", "Elle se ferme toute seule, inutilisable."),
    "es": ("Desde la actualización se cierra al iniciar sesión.", "Se cuelga siempre, no abre."),
}  # fmt: skip
HEADLINES: dict[str, tuple[str, str, str, str, str]] = {
    "en": ("Disappointed", "Needs work", "Okay", "Good", "Great"),
    "ar": ("سيئ", "يحتاج تحسين", "مقبول", "جيد", "ممتاز"),
    "de": ("Enttäuscht", "Ausbaufähig", "Geht so", "Gut", "Sehr gut"),
    "fr": ("Déçu", "À améliorer", "Moyen", "Bien", "Très bien"),
    "es": ("Decepcionante", "Mejorable", "Regular", "Buena", "Muy buena"),
}
# To those who are unhappy, and to those who are not.
ANSWERS: dict[str, tuple[str, str]] = {
    "en": ("We are sorry. Please update to the newest version and write to us if it persists.", "Thank you!"),
    "ar": ("نعتذر عن ذلك. يرجى تحديث التطبيق والتواصل معنا إذا استمرت المشكلة.", "شكرًا لكم!"),
    "de": ("Das tut uns leid. Bitte laden Sie die neueste Version und schreiben Sie uns, falls es bleibt.", "Danke!"),
    "fr": ("Nous sommes désolés. Installez la dernière version et écrivez-nous si cela continue.", "Merci !"),
    "es": ("Lo sentimos. Instale la última versión y escríbanos si continúa.", "¡Gracias!"),
}
