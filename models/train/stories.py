"""A small grammar of fairy tales: the whole corpus of the `charlm` demo model.

Every story is generated here from phrases written for this project, so the
corpus has no source but this file. `story(rng)` returns one story,
`corpus(seed, characters)` many of them separated by a blank line.

In a template `[slot]` is replaced by a random entry of SLOTS and `{name}` by
what was bound for this story: the hero, the pronouns, the friend, the place.
"""

import random
import re

# Each hero has a trade, a home, a friend and a treasure, always the same: a small network does not learn in minutes
# to keep a name in mind over a whole story, but it does learn that an owl belongs to Rosa.
HEROES = [
    ("she", "Rosa", "weaver", "a town with seven towers", "owl", "silver spoon"),
    ("she", "Clara", "princess", "a castle on a green hill", "swan", "mirror"),
    ("she", "Greta", "beekeeper", "a valley full of apple trees", "bear", "red cloak"),
    ("she", "Anna", "shepherd girl", "a cottage under the mountain", "wolf", "flute"),
    ("he", "Felix", "fisherman", "a small village by the sea", "otter", "lantern"),
    ("he", "Hugo", "woodcutter", "a house at the edge of the forest", "fox", "key"),
    ("he", "Bruno", "miller", "an old mill", "mouse", "ring"),
    ("he", "Theo", "tailor", "a hut beside the river", "raven", "feather"),
]

SLOTS = {
    "open": ["Once upon a time"] * 8 + ["Long ago", "Many years ago", "In the old days", "Once, when wishes still came true"],
    "mood": "poor kind brave curious clever quiet lonely cheerful honest young patient stubborn".split(),
    "love": ["to sing", "to look at the stars", "to ask questions", "to bake bread", "to walk in the woods",
             "to tell stories", "to listen to the rain", "to draw maps", "to climb trees", "to dream of far countries"],
    "trait": ["had nothing but a warm heart", "was afraid of the dark", "never told a lie", "could not sit still",
              "had a laugh like a silver bell", "knew the name of every flower", "had never seen the sea",
              "shared every loaf of bread", "woke each day before the sun"],
    "day": ["One day", "One morning", "One evening", "One cold winter night", "One summer day", "On the first day of spring",
            "One night, when the moon was full"],
    "wander": ["went into the forest to gather wood", "walked along the river", "went to the market to sell apples",
               "followed a narrow path over the hills", "climbed to the top of the mountain",
               "took a lantern and went out into the dark", "rode to the next village"],
    "weather": ["The wind blew cold from the north.", "The snow lay deep on the fields.", "The birds were singing in the trees.",
                "The moon was as round as a penny.", "It was so quiet that you could hear the grass grow.",
                "The sun shone and the bees were humming.", "A soft rain began to fall."],
    "spot": ["under an old oak tree", "beside a well", "on a stone bridge", "at the foot of a tower", "in a thorn bush",
             "near a cave", "at a crossroads"],
    "trouble": ["was caught in a net", "had lost the way home", "was weeping bitter tears", "had hurt one foot",
                "was shivering with cold", "had not eaten for three days", "had fallen into a trap"],
    "adj": "little old grey hungry white clever small golden tired proud".split(),
    "ask": ["Please help me", "Will you help me", "Do not be afraid of me", "Have pity on me"],
    "promise": ["I will repay you one day", "I will grant you three wishes", "I will show you a secret",
                "I will be your friend forever", "you will not be sorry"],
    "answer": ["Of course I will", "I will do what I can", "Do not worry", "Be still, and I will help you", "I have little, but I will share it"],
    "help": ["opened the trap with {his} own hands", "gave the {friend} half of {his} bread", "wrapped the {friend} in a warm coat",
             "carried the {friend} all the way home", "sat down and listened to the whole story", "cut the rope with a little knife",
             "made a fire and cooked a pot of soup"],
    "foe": ["a giant", "a dragon", "a wicked witch", "a greedy king", "a troll", "a thief with a black hat", "a cruel wizard"],
    "deed": ["had stolen the light of the moon", "wanted all the gold in the land", "had put the whole town to sleep",
             "had locked up the spring behind an iron door", "was eating every apple in the kingdom",
             "had taken the king's crown"],
    "threat": ["Who dares to come here?", "Go home, little {one}!", "Nobody has ever beaten me!", "Answer my riddle, or you must stay!",
               "What do you want from me?"],
    "brave": ["I am not afraid of you", "Give back what is not yours", "I have come with a friend", "Ask me anything you like",
              "I only want to talk"],
    "trick": ["asked a riddle that had no answer", "played such a sweet song that the walls began to dance",
              "held up a mirror, and the {foe} ran from its own face", "waited until the {foe} fell asleep and took the key",
              "told a story so long that the sun came up", "laughed, and the spell was broken"],
    "power": ["could open any door", "shone in the dark", "made everyone tell the truth", "could call the wind", "never grew old",
              "turned tears into pearls", "brought good dreams to all who slept near it"],
    "seek": ["over seven hills and seven rivers", "through the dark forest", "for three days and three nights",
             "across the wide and empty sea", "from one end of the land to the other"],
    "joy": ["danced until the morning", "rang all the bells", "baked a cake as big as a wheel", "lit a hundred lanterns",
            "sang so loud that the stars could hear it"],
    "end": ["And they lived happily ever after.", "And if they have not died, they are living there still.",
            "And from that day on, nobody in the village was hungry.", "From that day on, {name} was never lonely again.",
            "And {name} lived in peace until the end of {his} days.", "And the {friend} and {name} were friends forever."],
    "moral": ["A kind word costs nothing.", "The smallest friend may be the greatest.", "Who shares his bread will never be hungry.",
              "A brave heart finds a way.", "Gold is heavy, but kindness is light.", "Think before you wish.",
              "Patience opens every door.", "An honest word is worth more than gold.", "Even a long night has a morning."],
    "said": ["said", "said", "said", "cried", "whispered"],
}

PLOTS = [
    # A good turn is repaid.
    "[day], {name} [wander]. [weather] There, [spot], sat a [adj] {friend} that [trouble]. \"[ask],\" [said] the {friend}, "
    "\"and [promise].\" \"[answer],\" said {name}, and {he} [help]. The {friend} gave {name} a {thing} that [power]. "
    "\"Take good care of it,\" said the {friend}, and was gone. ",
    # A foe is outwitted.
    "Now in that land there lived {a_foe} who [deed]. Nobody knew what to do, but {name} took {his} hat and went "
    "[seek]. [weather] \"[threat]\" cried the {foe}. \"[brave],\" [said] {name}. Then {name} [trick]. "
    "So the {foe} went away and never came back. ",
    # Something is lost and found.
    "[day], {name} lost {his} {thing}, which [power]. {name} looked for it [seek], but {he} could not find it. "
    "Then {name} met a [adj] {friend} [spot]. \"Why are you so sad?\" [said] the {friend}. \"I have lost my {thing},\" "
    "said {name}. \"Then come with me,\" said the {friend}. Together they went [seek], and there it was, [spot]. ",
    # A wish.
    "[day], a [adj] {friend} came to the door and [said], \"You may have one wish.\" {name} thought about it all night. "
    "\"I wish for a {thing} that [power],\" said {name} at last. \"Be careful,\" said the {friend}, "
    "\"for a wish is like a bird: once it is out, it will not come back.\" But {name} used it only to help others. ",
]


def expand(template, rng, bound):
    """Replace slots until none is left, then the bound names."""
    while "[" in template:
        template = re.sub(r"\[(\w+)\]", lambda m: rng.choice(SLOTS[m[1]]), template)
    return template.format(**bound)


def story(rng):
    """Return one story as a single line of text."""
    he, name, trade, place, friend, thing = rng.choice(HEROES)
    foe = rng.choice(SLOTS["foe"])
    girl = he == "she"
    bound = {
        "name": name, "hero": trade, "place": place, "friend": friend, "thing": thing,
        "he": he, "He": he.capitalize(), "him": "her" if girl else "him", "his": "her" if girl else "his",
        "one": "girl" if girl else "boy", "a_foe": foe, "foe": foe.split()[1] if "with" in foe else foe.split()[-1],
    }
    opening = rng.choice([
        "[open], in {place}, there lived a [mood] {hero} named {name}. ",
        "[open], there was a [mood] {hero} named {name}, who lived in {place}. ",
        "[open], a [mood] {hero} lived in {place}, and {his} name was {name}. ",
    ]) + rng.choice(["{name} [trait] and loved [love]. ", "{He} loved [love], and {he} [trait]. ", "Every day {name} found a little time [love]. "])
    close = rng.choice(["When {name} came home, the whole village [joy]. ", "Then all the people [joy]. ", ""]) + "[end]"
    moral = rng.choice([" [moral]", " And so you see: [moral]", ""])
    text = expand(opening, rng, bound)
    for plot in rng.sample(PLOTS, rng.choice([1, 1, 2])):
        text += expand(plot, rng, bound)
    text += expand(close + moral, rng, bound)
    return re.sub(r"\b([Aa]) (?=[aeiou]|honest)", r"\1n ", text)


def corpus(seed, characters):
    """Return at least `characters` characters of stories; the same ones for the same seed."""
    rng = random.Random(seed)
    stories, total = [], 0
    while total < characters:
        stories.append(story(rng))
        total += len(stories[-1]) + 2
    return "\n\n".join(stories) + "\n\n"
