import type { PersonalDatum } from "./kinds.js";

/** The commonest family names, single and double. */
const SINGLE =
  "王李张刘陈萧杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶解牟艾尤穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池麻苑迟邝";
const DOUBLE = [
  "欧阳",
  "司马",
  "上官",
  "诸葛",
  "东方",
  "皇甫",
  "尉迟",
  "公孙",
  "令狐",
  "慕容",
  "司徒",
  "夏侯",
  "端木",
  "南宫",
  "长孙",
  "宇文",
];
const FAMILY = `(?:${DOUBLE.join("|")}|[${SINGLE}])`;

/** Characters that follow a name rather than end it. */
const FOLLOWING =
  "想要问是的来在和有说住也我你他她它了吗呢吧啊就都还会能可把被让给跟与及或但不没很从对到去找需预订打电手身买退换收寄联请先女";
const BOUNDARY = "(?=$|[^\\p{Script=Han}]|[" + FOLLOWING + "])";

/** Words of which the first character is a family name too. */
const NO_NAMES =
  /^(?:程序|高中|高级|高管|方便|安全|安装|常客|全职|金牌|马上|于是|白领|文员|路过|应届|时候|连接|明天|明白|任何|向来|成年|和你|华为|万科|石家庄|江苏|江西|安徽|宁波|宁夏|温州|广州|沙发|车主|司机|店主|路人|管理|房东|房主|商家|师傅|党员|农民|边上|单身|单位|全部|全家|全款|关于|解决|应该|景点|游客|成都|武汉|查询|查一|查看|祝您|明星|包括|严重|任意|万一|高兴|高铁|白天|黄金|金额|何时|何地|毕竟|尤其|时间|古代|吉林|简单|项目|连锁|费用|冷气|席位|卫生|米饭|宗教|桂林|应用|仇人|商品|荣幸|池塘|麻烦|路痴|路盲)/;

const INTRODUCED = new RegExp(
  `(?:(?:我叫|我的名字(?:是|叫)|名字(?:是|叫)|姓名|联系人|收件人|收货人|寄件人|(?<!客)户名|持卡人|入住人|乘机人|预订人|订票人|投保人)(?:姓名|名字)?(?:叫|是|为|:| ){0,2}|(?:乘客|患者|本人)(?:姓名|名字)?(?:叫|:))(${FAMILY}[\\p{Script=Han}]{1,2}(?![\\p{Script=Han}])|${FAMILY}[\\p{Script=Han}]{1,2}?${BOUNDARY})`,
  "gu",
);
const I_AM = new RegExp(
  `(?<=^|[^\\p{Script=Han}]|[您你]好)(?:我是|这里是|这是)(${FAMILY}[\\p{Script=Han}]{1,2})(?=$|[,.!?;，。！？；、\\s])`,
  "gu",
);
/** Not in the title of a song, as 《董小姐》. */
const LEFT = "(?<=^|[^\\p{Script=Han}《]|[给找叫是的请位帮好跟和与为让替对问转系约由])";
const TITLED = new RegExp(`${LEFT}(${FAMILY}[\\p{Script=Han}]{0,2}?)(?=先生|女士|小姐(?!姐)|太太)`, "gu");

const GIVEN =
  "James|John|Robert|Michael|William|David|Richard|Joseph|Thomas|Charles|Christopher|Daniel|Matthew|Anthony|Mark|Steven|Paul|Andrew|Joshua|Kevin|Brian|George|Edward|Ronald|Timothy|Jason|Jeffrey|Ryan|Jacob|Gary|Nicholas|Eric|Jonathan|Stephen|Larry|Justin|Scott|Brandon|Benjamin|Samuel|Frank|Gregory|Raymond|Alexander|Patrick|Jack|Dennis|Jerry|Tyler|Aaron|Henry|Peter|Adam|Nathan|Oliver|Harry|Liam|Noah|Mary|Patricia|Jennifer|Linda|Elizabeth|Barbara|Susan|Jessica|Sarah|Karen|Lisa|Nancy|Betty|Sandra|Margaret|Ashley|Kimberly|Emily|Donna|Michelle|Carol|Amanda|Melissa|Deborah|Stephanie|Rebecca|Laura|Helen|Sharon|Cynthia|Kathleen|Amy|Angela|Anna|Emma|Olivia|Sophia|Isabella|Mia|Grace|Alice|Julia|Rachel|Hannah|Maria|Diana|Victoria|Natalie|Jane|Tom|Bob|Mike|Lucy|Kate";
/** `Smith`, `André`, `McNeely`, `O'Brien`, `Smith-Jones`. */
const CAPITALISED = "(?:\\p{Lu}\\p{Ll}{0,3}['’]?)?\\p{Lu}\\p{Ll}{1,20}(?:['’-]\\p{Lu}\\p{Ll}{1,20})?";
const INITIAL = "\\p{Lu}\\.";
const ENGLISH: readonly RegExp[] = [
  new RegExp(
    `(?<![A-Za-z])(?:[Mm]y (?:full |first |last )?name is|[Mm]y name's|[Nn]ame ?:|[Cc]ardholder ?:?|[Rr]ecipient ?:) ?(${CAPITALISED}(?: ${CAPITALISED}| ${INITIAL}){0,3})`,
    "gu",
  ),
  new RegExp(
    `(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr)\\.? ((?:${INITIAL} ?){0,2}${CAPITALISED}(?: (?:${INITIAL} )?${CAPITALISED}){0,2})`,
    "gu",
  ),
  new RegExp(
    `(?<![A-Za-z])(?:[Tt]his is|I am|I'm|[Dd]ear|[Hh]i|[Hh]ello|[Rr]egards,|[Cc]ontact) ((?:${GIVEN})(?: ${CAPITALISED})?)(?!\\p{L})`,
    "gu",
  ),
  new RegExp(`(?<![A-Za-z])((?:${GIVEN}) ${CAPITALISED})(?= (?:here|speaking)\\b)`, "gu"),
];

/** Finds names of people where they are introduced, addressed or bear a title. @param text as `foldText` gives it */
export function findNames(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  const patterns = [
    ...(/我叫|名字|姓名|[系件货名卡住机订票保]人|户名|乘客|患者|本人/.test(text) ? [INTRODUCED] : []),
    ...(/我是|这里是|这是/.test(text) ? [I_AM] : []),
    ...(/先生|女士|小姐|太太/.test(text) ? [TITLED] : []),
    ...(/[A-Z][a-z]/.test(text) ? ENGLISH : []),
  ];
  for (const pattern of patterns) {
    for (const { 0: whole, 1: name, index } of text.matchAll(pattern)) {
      if (NO_NAMES.test(name)) continue;
      const start = index + whole.lastIndexOf(name);
      found.push({ kind: "name", start, end: start + name.length, value: name.toLowerCase() });
    }
  }
  return found;
}
