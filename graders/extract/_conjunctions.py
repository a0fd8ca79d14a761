"""Words that join two answers, in all languages whose announcements are recognized, and some more.

To add a language, add its words here. A module without regular expressions costs nothing at a cold start.
"""

from __future__ import annotations

OR = "or|vs|versus|oder|ou|o|или|або|atau|au|hoặc|eller|lub|veya"
"""Words that offer another answer, for use between word boundaries."""

AND = "and|und|et|y|e|и|dan|và"
"""Words that add another answer, for use between word boundaries."""

OR_ANYWHERE = "或者?|或是|还是|還是|または|もしくは|あるいは|หรือ|또는|혹은|أو|या|অথবা|లేదా"
"""Words that offer another answer, in scripts without word boundaries or with marks at the end of words."""
