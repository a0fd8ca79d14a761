"""Common words and letters that distinguish languages with the same script.

To add a language, add its words to `WORDS` and the letters that other languages rarely use to `LETTERS`.
"""

from __future__ import annotations

OTHER = ""
"""Key in `LETTERS` for languages that `WORDS` does not list."""
WORDS: dict[str, dict[str, str]] = {
    "latin": {
        "en": """
            the of and to in is you that it he was for on are as with his they at be this have from or
            had by but what not were we when your can said there an each which she do how their if will
            up about out them then these so her would make like him has my i me our us who been its did
            am could should where why because very just over more than some any no all into only also
        """,
        "es": """
            de la que el en y los se del las un por con no una su para es al lo como más pero sus le ya
            o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo
            nos durante todos uno les ni contra otros ese eso ante ellos esto antes algunos qué unos yo
            otro otras soy eres somos fue era son está están mi tu te nuestra nuestro puede hola gracias
            debe cada tiene tienen ser había hacer puedes aquí así ahora sólo solo según ha han he hemos
        """,
        "pt": """
            de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele
            das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela
            entre era depois sem mesmo aos ter seus quem nas me esse eles estão você tinha foram essa
            num nem suas meu às minha têm numa pelos elas são nós isto pode
        """,
        "fr": """
            de la le et les des en un une du est que dans qui pour pas sur au plus par ce il ne se sont
            avec son vous nous je mais ou leur elle aux cette ces comme tout fait être été même sans ses
            bien où deux très on ont peut aussi si d l qu y tous leurs après avant votre notre
            mon ma mes moi toi lui était
        """,
        "de": """
            der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an
            werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum
            war haben nur oder aber vor zur bis mehr durch man sein wurde wenn ihre ihr ich wir du kann
            mir mich uns dich dein mein diese dieser dieses sehr doch schon
        """,
        "it": """
            di che è e la il un a per in una mi sono non ho si lo ma ha cosa le con no da se come io ci
            questo qui hai sei del bene tu sì me al più c della mio dei nel alla perché gli anche suo
            quando nella delle questa molto loro degli sua era essere dal ti i dalla nei alle tutti
            tutto così dove chi noi l
        """,
        "pl": """
            w i na z do się nie jest to że o jak a po od za przez dla przy oraz ale czy są tak jego było
            co być ich który która które tym tego już tylko może jej także lub ja my ty on ona go mi
            mnie bardzo jeszcze gdy był była jako nas mam ma ze pod nad
        """,
        "vi": """
            và của là có cho không được một các người trong này với để khi những đã đó từ như tôi về ở
            ra đến cũng nhiều thì làm lại sẽ nên phải hay vào bạn mà còn rất chúng ta theo hơn cách tại
            nếu đi trên năm sau nó anh em
        """,
        "sw": """
            na ya wa kwa ni katika la za cha kuwa hii yake hiyo kama lakini pia au watu wake hivyo sana
            kutoka huu hilo hizo zaidi baada kila mtu wengine wakati alikuwa yao ili vya bila hata huo
            hao yangu wangu mimi wewe yeye sisi ninyi wao nini kwamba hapa hakuna kuna
        """,
        "fi": """
            ja on ei se että oli mutta hän ovat joka kun kuin niin myös sen tai ole jos mitä minä sinä
            me te he tämä nyt siitä hänen vain vielä kanssa olla ollut voi sitten jo mukaan sekä mikä
            koska kaikki siellä missä hyvin aina ne siinä sitä niitä olen olet olemme minun sinun meidän
            sinut joten
        """,
        "nl": """
            de het een en van ik te dat die in is je niet zijn op aan met als voor er maar om hem dan
            zou of wat mijn men dit zo door over ze zich bij ook tot uit naar der was wij worden wordt
            deze heeft hij nog kan haar meer we onze waar geen
        """,
        "sv": """
            och att det i en jag hon som han på den med var sig för så till är men ett om hade de av
            icke mig du henne då sin nu har inte hans honom skulle hennes där min man ej vid kunde något
            från ut när efter upp vi dem vara vad över än dig kan sina här finns också mycket mer många
            mellan mot kanske nästa samma sedan tack utan under ville våra år hur bara flera genom varje
            igen ingen blir denna detta dessa annan annat andra båda därför ännu någon några
        """,
        "da": """
            og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi
            min havde ham hun nu over da fra du ud sin dem os op man hans hvor eller hvad skal selv her
            alle vil blev kunne ind når være noget jer jeres sådan hvordan hvornår også meget lidt nogen
            nogle anden andet andre begge derfor efter endnu findes flere gennem hver hvilken hvis igen
            ingen kun lille mange mellem mod måske mere næste samme siden skulle tak uden under ville
            vores år én blive bliver denne dette disse
        """,
        "no": """
            og i jeg det at en et den til er som på de med han av ikke der så var meg seg men ett har om
            vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan hans hvor eller
            hva skal selv sjøl her alle vil bli ble blei kunne inn når være noen noe etter hvis hvilken
            også mye mer mange mellom mot kanskje neste samme siden skulle takk uten under ville våre år
            hvordan bare flere gjennom hver igjen ingen blir denne dette disse dere deres annet andre
            begge derfor ennå finnes lite
        """,
        "ro": """
            de și în a la cu pe este o un din că nu care pentru mai se sunt o au ca fi am fost sau dar
            după prin lui ai al ei ale le cel cea lor această acest până între foarte când
        """,
        "tr": """
            ve bir bu için da de ile çok ne o daha olarak gibi en kadar sonra olan ama ben sen biz siz
            onlar var yok mi mı mu değil her şey ki ya veya nasıl neden şu diye bana sana
        """,
        "id": """
            yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena tersebut
            bisa ada mereka lebih kata tahun sudah atau saat oleh menjadi orang ia telah adalah seperti
            sebagai bahwa dapat para harus namun kita dua satu masih hari hanya anda kami
        """,
        "cs": """
            a v se na je že o s z do i to k ve pro za by jsem si jako ale po co být od které která který
            jeho tak jsou při nebo jen už ze až když bylo byl byla také není aby mezi podle jejich
        """,
        "hu": """
            a az és hogy nem is egy ez van csak de meg már mint vagy még volt ha azt ki én el kell lesz
            itt mert ezt fel most nagyon úgy amely vele minden lehet olyan
        """,
    },
    "cyrillic": {
        "ru": """
            и в не на я что он с это а как то по но его к у же вы за бы ты мы от из о так было только
            еще ещё меня да для был она они мне нет все или если когда чтобы где при до есть быть может
            их очень вас кто этот эта эти тоже вот
        """,
        "bg": """
            и на да се в от за е са с не че по ще като до към или при това си съм през който която които
            още само може ми бил има след тази този тези също много аз ти той тя ние вие те ги го му как
            какво когато но а както така бъде няма всички бъдат моля него нея нас вас им беше бяха всеки
            всяка трябва без преди между чрез имат където защо защото което
        """,
        "uk": """
            і й в у на не що з до та як за це від про його але для по так він вона вони ми ви я ти чи
            або якщо коли бути був була було є ще тільки їх мене мені нам вас дуже щоб який яка які
            через також цей ця ці де все
        """,
        "sr": """
            и у је да се на за од са не то су као би што али који која које или ја ти он она ми ви они
            до из по о сам смо сте није тако кад када већ само још где јер бити био била
        """,
    },
    "arabic": {
        "ar": """
            في من على إلى أن عن هذا هذه التي الذي ما لا كان مع هو هي كل بعد قد لم ذلك بين كما أو أي حيث
            لكن ثم إن عند غير كانت هناك وهو وهي وفي ومن أنا نحن أنت هم لن يمكن خلال حتى لقد إذا فيها
            التى
        """,
        "fa": """
            در به از که این را با است برای آن یک می خود تا بر هم نیز شده بود یا اما ما من شما او آنها
            های ها هر کرد کند شود دارد بودن باید نمی چه اگر بین دیگر همه پس چون هستند باشد وی
        """,
        "ur": """
            کے میں کی ہے اور سے کا کو اس کہ ہیں نے پر یہ بھی ایک تھا کر وہ نہیں جو ہو تو ان تھے گیا تھی
            ہم آپ لیے ساتھ ہوئے کیا رہے بعد اپنے ہوتا جب تک کچھ مجھے یا
        """,
    },
    "devanagari": {
        "hi": """
            के का की में है और को से हैं पर यह नहीं एक भी कि इस ने तो ही जो था कर वह लिए हो थे कुछ अपने
            ये क्या उस या थी मैं हम आप जब तक साथ बहुत हुआ हुए उन मुझे रहा रहे तुम कोई गया सकते सकता कैसे
            क्यों क्योंकि होता होती
        """,
        "mr": """
            आणि आहे या मध्ये च्या ची चा हे ते नाही होते तर की हा ही एक व आहेत होता होती असे पण मी तो ती
            आपण आम्ही तुम्ही त्या त्याच्या काही सर्व अशा म्हणून केले करून साठी मला खूप असते असतो जे झाला
            झाली झाले आता काय कसे येथे त्यांच्या आपल्या माझ्या माझा माझी घेऊन
        """,
        "ne": """
            छ र को मा यो भने हो पनि गर्न छन् थियो तर लागि एक का की त्यो हुन्छ गरेको छैन म हामी तपाईं उनी
            यस भएको गर्ने बाट सँग वा धेरै अनि हुन् हामीले हामीलाई मेरो तपाईंको कुनै सबै जब नै लाई भन्ने
            थिए गरे गर्छ
        """,
    },
}
"""Common words in each language, by script. Most are function words, which occur in text on any topic."""
LETTERS: dict[str, dict[str, str]] = {
    "latin": {
        "vi": "ơưạảậầấẩẫắằẳẵặẹẻẽềếểễệỉịọỏồốổỗộớờởỡợụủứừửữựỳỵỷỹđ",
        "pl": "łżźśćńąę",
        "es": "ñ",
        "pt": "ãõ",
        "de": "ß",
        "ro": "șțăşţ",
        "tr": "ığş",
        "cs": "ěřů",
        "hu": "őű",
        OTHER: "ɣɛḍḥṛṣṭẓṅŀėįųāēīūķļņģðþŵŷ",
    },
    "cyrillic": {"ru": "ыэё", "uk": "іїєґ", "sr": "ћђјљњџ", OTHER: "әғқңөұүһҳҷӣӯҗҙҫҡӧӝӟӵӥӕўѓќѕ"},
    "arabic": {"ur": "ٹڈڑںےہھ", "fa": "\u200c", "ar": "ةىيك", OTHER: "ۇۆېۋڭۈێڕڵڼځڅډ"},
    "devanagari": {"mr": "ळ"},
}
"""Distinctive letters of each language, by script. A word with such a letter is evidence for the language."""
